// SPDX-License-Identifier: MIT
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/shape_values.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

constexpr auto signature = function(
    {.name = "signature",
     .summary = "Parses a signature: what an operator's string says, in normal form.",
     .returns = "a Signature",
     .raises = {Code::shape},
     .example = R"(print(lo.signature "y x -> coil y x".H)  --> coil y x -> y x)",
     .see = {"shape"}},
    [](Context&, std::string_view text) { return Signature::parse("signature", text); },
    param<TextArg>("text", "for example \"y x -> coil y x\""));

constexpr auto text = metamethod(
    {.name = "Signature.__tostring",
     .summary = "The normal form, which parses back.",
     .returns = "a string",
     .example = "print(lo.signature \"x' -> x\")  --> x -> x'",
     .notation = "tostring(g)"},
    [](Context&, const Signature& g) { return g.text(); },
    param<SelfArg<Signature>>("g", "the signature"));
constexpr auto equal = metamethod(
    {.name = "Signature.__eq",
     .summary = "Equality of normal forms.",
     .returns = "a boolean",
     .example = "print(lo.signature \"x -> x'''\" == lo.signature \"x -> x'\")  --> true",
     .notation = "g == h"},
    [](Context&, const Signature& a, const Signature& b) { return a == b; },
    param<SelfArg<Signature>>("g", "a signature"),
    param<SelfArg<Signature>>("h", "another"));
constexpr auto ishape = property(
    {.name = "Signature.ishape",
     .summary = "The input as a shape.",
     .returns = "a Shape",
     .example = "print(lo.signature \"n -> m\".ishape)  --> n"},
    [](Context&, const Signature& g) { return g.ishape(); },
    param<SelfArg<Signature>>("g", "the signature"));
constexpr auto oshape = property(
    {.name = "Signature.oshape",
     .summary = "The output as a shape.",
     .returns = "a Shape",
     .example = "print(lo.signature \"n -> m\".oshape)  --> m"},
    [](Context&, const Signature& g) { return g.oshape(); },
    param<SelfArg<Signature>>("g", "the signature"));
constexpr auto adjoint = property(
    {.name = "Signature.H",
     .summary = "The signature of the adjoint.",
     .returns = "a Signature",
     .example = "print(lo.signature \"n -> m\".H)  --> m -> n"},
    [](Context&, const Signature& g) { return g.adjoint(); },
    param<SelfArg<Signature>>("g", "the signature"));
constexpr auto normal = property(
    {.name = "Signature.N",
     .summary = "The signature of the normal operator.",
     .returns = "a Signature",
     .example = "print(lo.signature \"n -> m\".N)  --> n -> n'"},
    [](Context&, const Signature& g) { return g.normal(); },
    param<SelfArg<Signature>>("g", "the signature"));
constexpr auto dims = property(
    {.name = "Signature.dims",
     .summary = "Input dims, then further output dims, with primes.",
     .returns = "a list of strings",
     .example = "print(#lo.signature \"y x -> coil y x\".dims)  --> 3"},
    [](Context&, const Signature& g) { return list_of(g.dims()); },
    param<SelfArg<Signature>>("g", "the signature"));

constexpr Record kRecords[] = {exported<signature>(), exported<text>(), exported<equal>(),
                               cached<ishape>(),      cached<oshape>(), cached<adjoint>(),
                               cached<normal>(),      cached<dims>()};

}  // namespace

const BoxType Boxed<Signature>::type = {"lunops.Signature", "signature", [](void* slot) noexcept {
                                          static_cast<Signature*>(slot)->~Signature();
                                        }};

void push_signature(lua_State* L, State& state, const Signature& s) { push_copy(L, state, s); }

std::span<const Record> signature_records() { return kRecords; }

}  // namespace lunops::lua
