# A toolchain file for ../add_subdirectory: cmake -S ../add_subdirectory -B build -DTINY=FOLDER \
#   -DCMAKE_TOOLCHAIN_FILE=$PWD/aarch64.cmake && cmake --build build && ctest --test-dir build
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
# How this machine runs what it builds.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -L /usr/aarch64-linux-gnu)
