# Installs tiny: both libraries, headers, weights, a CMake package and a pkg-config file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/tiny)
set(WEIGHTS_DIR ${CMAKE_INSTALL_DATADIR}/tiny)
set(WEIGHTS_FILE ${WEIGHTS_DIR}/tiny.safetensors)

# Whoever links the archive needs the OpenMP library of the compiler that built it: the first of those
# that CMake found. Where it found none by name, the flag that asks for OpenMP stands for it; where the
# library has threads of its own, what asks for those; and nothing where it has none.
set(OPENMP_NAME "")
set(OPENMP_DIR "")
set(THREAD_FLAGS "-pthread")
set(BUILT_BY "${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}")
if(TEAM_NAME STREQUAL openmp)
  set(THREAD_FLAGS "${OpenMP_C_FLAGS}")
elseif(TEAM_NAME STREQUAL none)
  set(THREAD_FLAGS "")
endif()
if(THREAD_FLAGS)
  set(BUILT_BY "${BUILT_BY} with ${THREAD_FLAGS}")
endif()
if(TEAM_NAME STREQUAL openmp AND OpenMP_C_LIB_NAMES)
  list(GET OpenMP_C_LIB_NAMES 0 OPENMP_NAME)
  list(GET OpenMP_C_LIBRARIES 0 OPENMP_FILE)
  get_filename_component(OPENMP_DIR "${OPENMP_FILE}" DIRECTORY)
endif()

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
# Names of the classes, where there are some to take along.
set(tiny_LABELS "" CACHE FILEPATH "Names of the classes of tiny, one a line, to be installed")
set(LABELS_FILE ${WEIGHTS_DIR}/labels.txt)
set(PC_LABELS "")
if(tiny_LABELS)
  get_filename_component(LABELS "${tiny_LABELS}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
  if(NOT EXISTS "${LABELS}")
    message(FATAL_ERROR "tiny_LABELS: there is no file ${LABELS}")
  endif()
  install(FILES "${LABELS}" DESTINATION ${WEIGHTS_DIR} RENAME labels.txt)
endif()

configure_package_config_file(cmake/config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/tinyConfig.cmake
  INSTALL_DESTINATION ${PACKAGE_DIR} PATH_VARS WEIGHTS_FILE LABELS_FILE)
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
if(tiny_LABELS)
  set(PC_LABELS "labels=${PC_DATADIR}/tiny/labels.txt")
endif()
if(OPENMP_NAME)
  set(PC_THREADS "-L${OPENMP_DIR} -l${OPENMP_NAME} -lpthread")
else()
  set(PC_THREADS "${THREAD_FLAGS}")
endif()
configure_file(cmake/tiny.pc.in tiny.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tiny.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
