# Installs tiny: both libraries, headers, weights, a CMake package and a pkg-config file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/tiny)
set(WEIGHTS_DIR ${CMAKE_INSTALL_DATADIR}/tiny)
set(WEIGHTS_FILE ${WEIGHTS_DIR}/tiny.safetensors)

# Whoever links the archive needs the OpenMP library of the compiler that built it: the first of those
# that CMake found. Where it found none by name, the flag that asks for OpenMP stands for it; and where the
# library has threads of its own, what asks for those.
set(OPENMP_NAME "")
set(OPENMP_DIR "")
set(THREAD_FLAGS "-pthread")
if(tiny_TEAM STREQUAL openmp)
  set(THREAD_FLAGS "${OpenMP_C_FLAGS}")
endif()
if(tiny_TEAM STREQUAL openmp AND OpenMP_C_LIB_NAMES)
  list(GET OpenMP_C_LIB_NAMES 0 OPENMP_NAME)
  list(GET OpenMP_C_LIBRARIES 0 OPENMP_FILE)
  get_filename_component(OPENMP_DIR "${OPENMP_FILE}" DIRECTORY)
endif()
set(BUILT_BY "${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION} with ${THREAD_FLAGS}")

# Two sets of targets: the shared library needs nothing, and is there when OpenMP is not.
install(TARGETS tiny_shared EXPORT tinyTargets
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS tiny_static EXPORT tinyStaticTargets
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
foreach(targets tinyTargets tinyStaticTargets)
  install(EXPORT ${targets} NAMESPACE tiny:: DESTINATION ${PACKAGE_DIR})
endforeach()
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES weights/tiny.safetensors DESTINATION ${WEIGHTS_DIR} OPTIONAL)

configure_package_config_file(cmake/config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/tinyConfig.cmake
  INSTALL_DESTINATION ${PACKAGE_DIR} PATH_VARS WEIGHTS_FILE)
# The version is that of the HiLo that generated the library. A newer patch is taken for an older one, but
# not another minor version: before 1.0 each of those may change the interface.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/tinyConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/tinyConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/tinyConfigVersion.cmake
  DESTINATION ${PACKAGE_DIR})

# The pkg-config file finds its prefix from where it lies, however deep that is; an absolute folder says
# where it is itself.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH UP "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" /)
  string(REGEX REPLACE "/$" "" UP "${UP}")
  set(PC_PREFIX "\${pcfiledir}/${UP}")
endif()
foreach(name LIBDIR INCLUDEDIR DATADIR)
  set(PC_${name} "${CMAKE_INSTALL_${name}}")
  if(NOT IS_ABSOLUTE "${PC_${name}}")
    set(PC_${name} "\${prefix}/${PC_${name}}")
  endif()
endforeach()
if(OPENMP_NAME)
  set(PC_THREADS "-L${OPENMP_DIR} -l${OPENMP_NAME} -lpthread")
else()
  set(PC_THREADS "${THREAD_FLAGS}")
endif()
configure_file(cmake/tiny.pc.in tiny.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tiny.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
