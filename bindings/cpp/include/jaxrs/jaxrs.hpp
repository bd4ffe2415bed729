// jaxrs for C++17: functions of arrays, differentiated, batched and compiled. Header-only, over jaxrs.h.
#pragma once
#include <jaxrs/control.hpp>
#include <jaxrs/derivatives.hpp>
#include <jaxrs/dlpack.hpp>
#include <jaxrs/host.hpp>
#include <jaxrs/program.hpp>
#include <jaxrs/rules.hpp>
#include <jaxrs/transforms.hpp>
