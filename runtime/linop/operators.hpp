// SPDX-License-Identifier: MIT
#pragma once

// All constructors of the catalogue (operators.md).
#include "runtime/linop/container/constructors.hpp"
#include "runtime/linop/difference/constructors.hpp"
#include "runtime/linop/elementary/constructors.hpp"
#include "runtime/linop/field/constructors.hpp"
#include "runtime/linop/moving/constructors.hpp"
#include "runtime/linop/nufft/constructors.hpp"
#include "runtime/linop/system/constructors.hpp"
#include "runtime/linop/transform/constructors.hpp"
