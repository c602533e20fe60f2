# The functions that declare what the project is made of: a module, a test, an experiment, a
# claim. Each names its files and its arrows; nothing else is set anywhere.

# The headers that all sources share, or that all tests share, from one parse; see FLOWCHECK_PRECOMPILE.
function(flowcheck_precompile target headers)
  if(FLOWCHECK_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${headers})
  endif()
endfunction()

# One folder of lib/ as one static library, installed and exported.
function(flowcheck_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS")
  add_library(flowcheck_${name} STATIC ${arg_SOURCES})
  add_library(flowcheck::${name} ALIAS flowcheck_${name})
  set_target_properties(flowcheck_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(flowcheck_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/lib> $<INSTALL_INTERFACE:include/flowcheck>)
  target_link_libraries(flowcheck_${name}
    PUBLIC ${arg_DEPENDS} flowcheck_language
    PRIVATE ${arg_PRIVATE_DEPENDS} $<BUILD_INTERFACE:flowcheck_compile_options>)
  flowcheck_precompile(flowcheck_${name} flowcheck_precompiled)
  install(TARGETS flowcheck_${name} EXPORT flowcheck-targets)
  install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/ DESTINATION include/flowcheck/${name}
          FILES_MATCHING PATTERN "*.hpp")
endfunction()

# tests/<name>/: the unit tests of one module, linked with that module alone, or (OF programs) of
# the claims, the experiments and the command line, or (OF claim) of all claims at once, which run
# where the claims do. The label says which.
function(flowcheck_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OF" "SOURCES;DEPENDS")
  if(NOT arg_OF)
    set(arg_OF library)
  endif()
  add_executable(${name}_tests ${arg_SOURCES})
  target_link_libraries(${name}_tests PRIVATE flowcheck_test_main ${arg_DEPENDS} flowcheck_compile_options)
  flowcheck_precompile(${name}_tests flowcheck_precompiled_tests)
  catch_discover_tests(${name}_tests
    TEST_PREFIX "${name}: " PROPERTIES LABELS ${arg_OF} TIMEOUT 600)
  add_dependencies(${arg_OF}_tests ${name}_tests)
endfunction()

# experiments/<name>.cpp: its code in the registry, and a program of the same name.
function(flowcheck_experiment name)
  target_sources(flowcheck_experiments PRIVATE ${name}.cpp)
  add_executable(${name} main.cpp)
  target_compile_definitions(${name} PRIVATE FLOWCHECK_EXPERIMENT="${name}")
  target_link_libraries(${name}
    PRIVATE flowcheck_driver flowcheck_experiments flowcheck_proofs flowcheck_compile_options)
  install(TARGETS ${name})
endfunction()

# proofs-check/<paper>/<name>.cpp: one claim. Its ctest entry comes from the registry itself.
function(flowcheck_claim paper name)
  target_sources(flowcheck_proofs PRIVATE ${paper}/${name}.cpp)
endfunction()

# <kernel>_portable.cpp, and on x86-64 <kernel>_avx2.cpp and <kernel>_avx512.cpp, each with its own
# instructions: one source a VectorForm, see numerics/vector_lanes.hpp for what it may include.
function(flowcheck_vector_kernel module kernel)
  target_sources(flowcheck_${module} PRIVATE ${kernel}_portable.cpp)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
    target_sources(flowcheck_${module} PRIVATE ${kernel}_avx2.cpp ${kernel}_avx512.cpp)
    set_source_files_properties(${kernel}_avx2.cpp PROPERTIES COMPILE_OPTIONS "-mavx2")
    set_source_files_properties(${kernel}_avx512.cpp PROPERTIES COMPILE_OPTIONS
      "-mavx512f;-mavx512dq;-mavx512vl")
  endif()
  set_source_files_properties(${kernel}_portable.cpp ${kernel}_avx2.cpp ${kernel}_avx512.cpp
    PROPERTIES SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
