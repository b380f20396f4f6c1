// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <vector>

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/value.hpp"
#include "runtime/plan/batch.hpp"

namespace lunops::lua {

// The options of lo.batch and lo.BatchSpec.
inline constexpr std::array<Field, 9> kBatchOptions = {
    option(
        "devices",
        Kind::any,
        "the base",
        "list; tile t goes to devices[(t-1) mod #devices + 1]; or lists by the device of what is "
        "cut"),
    option("device_matrix",
           Kind::any,
           "",
           "nested lists, one axis for each cut dim, that repeat along each: exact places"),
    option("base", Kind::text, "where A's weights lie, else \"cpu\"", "device of input and output"),
    option("prefetch",
           Kind::integer,
           "1",
           "tiles in flight on each device beyond the one that computes"),
    option(
        "resident",
        Kind::text_boolean,
        "\"auto\"",
        "whether copies of weights stay on their devices between applications; \"auto\": if they "
        "fit"),
    option("extent", Kind::table, "", "extents of batch dims to cut"),
    option("deterministic",
           Kind::text_boolean,
           "false",
           "the same bits for any tiles, devices and threads; or the dim whose sums are ordered by "
           "a tree, by default the first inner or input dim that has leaves"),
    option("leaves",
           Kind::table,
           "",
           "{ spoke = 8 }: into how many leaves a dim is cut that a transform sums over"),
    option("progress",
           Kind::function,
           "",
           "function(done, total, tile), called between tiles; returning false stops the "
           "application"),
};

// Levels of tiles from what lo.batch was given: sizes with the call's options, a spec, or a list of
// sizes and specs.  Throws Error{argument}.
std::vector<BatchSpec> batch_levels(State& state,
                                    std::string_view operation,
                                    const Value& spec,
                                    const Given& options);
// One level.  Throws Error{argument}.
BatchSpec batch_spec(State& state, std::string_view operation, const Value& spec);

// The options deterministic and leaves; `before`: what holds without them.  Throws Error{argument}.
std::optional<Determinism> determinism_of(std::string_view operation,
                                          const Given& given,
                                          std::optional<Determinism> before = {});

// "coil=2, devices cpu:0 cpu:1".
std::string text_of(const BatchSpec& spec);

}  // namespace lunops::lua
