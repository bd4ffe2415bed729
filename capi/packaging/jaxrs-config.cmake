# find_package(jaxrs CONFIG) gives jaxrs::jaxrs (shared), jaxrs::static, and jaxrs::cpp (C++17, over the shared one).
# Relocatable.
get_filename_component(_jaxrs_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET jaxrs::jaxrs)
  add_library(jaxrs::jaxrs SHARED IMPORTED)
  set_target_properties(jaxrs::jaxrs PROPERTIES
    IMPORTED_LOCATION "${_jaxrs_prefix}/lib/libjaxrs.so"
    INTERFACE_INCLUDE_DIRECTORIES "${_jaxrs_prefix}/include")
endif()

if(NOT TARGET jaxrs::static)
  find_package(Threads REQUIRED)
  add_library(jaxrs::static STATIC IMPORTED)
  set_target_properties(jaxrs::static PROPERTIES
    IMPORTED_LOCATION "${_jaxrs_prefix}/lib/libjaxrs.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_jaxrs_prefix}/include"
    INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")
endif()

if(NOT TARGET jaxrs::cpp)
  add_library(jaxrs::cpp INTERFACE IMPORTED)
  set_target_properties(jaxrs::cpp PROPERTIES
    INTERFACE_COMPILE_FEATURES cxx_std_17
    INTERFACE_LINK_LIBRARIES jaxrs::jaxrs)
endif()

unset(_jaxrs_prefix)
