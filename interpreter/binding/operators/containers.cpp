// SPDX-License-Identifier: MIT
#include "interpreter/binding/operators/common.hpp"

namespace lunops::lua {

namespace {

std::vector<Linop> linops(const Given& given) {
  std::vector<Linop> all;
  for (int i = 1; i <= given.operands(); ++i) {
    const auto* a = given.operand(i)->get<Linop>();
    if (a == nullptr)
      fail(Code::argument, given.operation(), "operand {} must be an operator, got {}", i,
           given.operand(i)->type());
    all.push_back(*a);
  }
  return all;
}

constexpr Field kThreaded =
    option("threaded",
           Kind::text_boolean,
           "auto",
           "children whose results are joined run side by side: true, false, or auto: "
           "where it pays; terms of a sum run one after another");
constexpr Field kWorkers =
    option("num_workers", Kind::integer, "0", "children at a time at most; 0: one for each thread");

void workers(const Given& given, WorkerOptions& options) {
  if (const Value* value = given.option("threaded")) {
    const auto* text = value->get<std::string>();
    if (text != nullptr && *text != "auto")
      fail(Code::argument, given.operation(),
           "option 'threaded' is true, false or \"auto\", got \"{}\"", *text);
    if (text == nullptr) options.threaded = *value->get<bool>();
  }
  options.num_workers = given.integer("num_workers").value_or(0);
}

constexpr auto chain = with_options(
    constructor(
        {.name = "Chain",
         .summary = "Composition: Chain{A, B, C} applies C first; usually written A * B * C.",
         .signature = "n -> m",
         .adjoint = "the adjoints, in the opposite order",
         .normal = "from the left inward: B.normal(A.normal()) for A * B",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "local I = lo.Identity \"x\"\nprint(lo.Chain{ 2*I, 3*I }(lo.ones "
                    "\"x=1\"):item())  --> 6+0i"},
        [](Context&, const Given& given) { return Chain(linops(given), common(given)); },
        operand("A", Kind::linop, "the first of the factors")),
    kExtent,
    kName,
    kBatch);
constexpr auto add = with_options(
    constructor(
        {.name = "Add",
         .summary = "The sum of operators, accumulated in the order given; usually A + B.",
         .signature = "n -> m",
         .adjoint = "the sum of the adjoints",
         .normal = "A.H * A, two applications per term",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "local I = lo.Identity \"x\"\nprint(lo.Add{ 2*I, 3*I }.N(lo.ones "
                    "\"x=1\"):item())  --> 25+0i"},
        [](Context&, const Given& given) {
          auto options = common<AddOptions>(given);
          workers(given, options);
          return Add(linops(given), options);
        },
        operand("A", Kind::linop, "the first of the terms")),
    kThreaded,
    kWorkers,
    kExtent,
    kName,
    kBatch);

constexpr Field kIdim = option("idim", Kind::text, "", "the dim along which the input is divided");
constexpr Field kOdim = option("odim", Kind::text, "", "the dim along which outputs are joined");

constexpr auto concat = with_options(
    constructor(
        {.name = "Concat",
         .summary = "Operators side by side along a dim that they have: outputs joined, the input "
                    "divided, or both.",
         .signature = "n -> m",
         .adjoint = "idim and odim exchanged",
         .normal = "outputs joined: the sum of the normals; both: the normals side by side; the "
                   "input divided: A.H * A",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(local A, B = lo.Dense{ lo.ones "m=2 n=3" }, lo.Dense{ lo.ones "m=4 n=3" }
print(lo.Concat{ A, B, odim = "m" }.oshape)  --> m=6)",
         .see = {"Stack", "VStack", "HStack", "BlockDiag"}},
        [](Context&, const Given& given) {
          auto options = common<ConcatOptions>(given);
          options.idim = given.text("idim").value_or("");
          options.odim = given.text("odim").value_or("");
          workers(given, options);
          return Concat(linops(given), options);
        },
        operand("A", Kind::linop, "the first of the operators")),
    kIdim,
    kOdim,
    kThreaded,
    kWorkers,
    kExtent,
    kName,
    kBatch);
constexpr auto stack = with_options(
    constructor(
        {.name = "Stack",
         .summary =
             "Operators side by side along a new dim of the output, of the input, or of both.",
         .signature = "n -> frame m",
         .adjoint = "idim and odim exchanged",
         .normal =
             "outputs stacked: the sum of the normals; both: the normals stacked, the dim where "
             "the input has it; the input divided: A.H * A",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(local I = lo.Identity{ "n", extent = { n = 2 } }
print(lo.Stack{ 2*I, 3*I, odim = "frame" }.N(lo.ones "n=2"):sum())  --> 26+0i)",
         .see = {"Concat"}},
        [](Context&, const Given& given) {
          auto options = common<StackOptions>(given);
          options.idim = given.text("idim").value_or("");
          options.odim = given.text("odim").value_or("");
          const int64_t at = given.integer("at").value_or(1);
          options.idim_at = given.integer("idim_at").value_or(at);
          options.odim_at = given.integer("odim_at").value_or(at);
          workers(given, options);
          return Stack(linops(given), options);
        },
        operand("A", Kind::linop, "the first of the operators")),
    option("idim", Kind::text, "", "the new dim along which the input is divided"),
    option("odim", Kind::text, "", "the new dim along which outputs are stacked"),
    option("at", Kind::integer, "1", "place of the new dim among those of the signature"),
    option("idim_at", Kind::integer, "at", "the same for the input alone"),
    option("odim_at", Kind::integer, "at", "the same for the output alone"),
    kThreaded,
    kWorkers,
    kExtent,
    kName,
    kBatch);

constexpr Record kRecords[] = {exported<chain>(), exported<add>(), exported<concat>(),
                               exported<stack>()};

}  // namespace

std::span<const Record> container_records() { return kRecords; }

}  // namespace lunops::lua
