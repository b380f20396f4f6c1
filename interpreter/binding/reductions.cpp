// SPDX-License-Identifier: MIT
#include <cmath>

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

Value scalar_value(const Tensor& x) {
  const c128 value = item(x);
  if (is_complex(x.dtype())) return value;
  if (x.dtype() == DType::boolean) return value.real() != 0;
  if (x.dtype() == DType::i32 || x.dtype() == DType::i64) return static_cast<int64_t>(value.real());
  return value.real();
}

// Over the dims named, or over everything: then a number, unless {scalar = false}.
Value reduced(Reduction op,
              std::string_view operation,
              const Tensor& x,
              const Value& dims,
              const Given& given,
              Context& context) {
  std::vector<int> positions;
  if (dims.is_nil()) {
    for (int i = 0; i < x.ndim(); ++i) positions.push_back(i);
    const Tensor all = lunops::reduce(op, x, positions, context);
    return given.boolean("scalar", true) ? scalar_value(all) : Value(all);
  }
  for (const std::string& name : names_of(operation, dims)) {
    const int i = x.shape().find(name);
    if (i < 0) {
      std::vector<std::string> known;
      for (const Dim& dim : x.shape().dims()) known.push_back(dim.text());
      fail(Code::shape, operation, "{} has no dim '{}'{}", x.shape().braced(), name,
           suggestion(name, known));
    }
    positions.push_back(i);
  }
  return lunops::reduce(op, x, positions, context);
}

// Reductions are called as x:sum(), x:sum "coil", x:sum("coil", {…}) and x:sum{ scalar = false }.
template <Reduction op>
constexpr auto reduction(Info info, std::string_view operation) {
  (void)operation;
  info.returns = "a tensor without these dims; over everything a number, lo.complex or boolean";
  info.raises = {Code::shape, Code::dtype};
  info.waits = true;
  return with_options(
      method(
          info,
          [](Context& context, const Tensor& x, const Value& dims, const Given& given) {
            const std::string_view name = given.operation();
            const Table* table = dims.table();
            if (table != nullptr && table->list.empty() && !table->fields.empty()) {
              static constexpr Field scalar[] = {
                  option("scalar", Kind::boolean, "true", "false keeps a 0-dim tensor")};
              const Given alone(name, dims, {}, scalar);
              return reduced(op, name, x, Value(), alone, context);
            }
            return reduced(op, name, x, dims, given, context);
          },
          param<TensorArg>("x", "the tensor"),
          Param<DimsArg>{{"dims", Kind::dims, "dims that vanish", "all", false}}),
      option("scalar", Kind::boolean, "true", "false keeps a 0-dim tensor"));
}

constexpr auto sum = reduction<Reduction::sum>(
    {.name = "Tensor:sum",
     .summary = "The sum over dims, accumulated in double.",
     .example = "print(lo.ones(\"y=2 x=3\", { dtype = \"f32\" }):sum \"x\":totable()[1])  --> 3.0"},
    "sum");
constexpr auto mean = reduction<Reduction::mean>(
    {.name = "Tensor:mean",
     .summary = "The mean over dims.",
     .example = "print(lo.arange(\"x=3\", { dtype = \"f32\" }):mean())  --> 1.0"},
    "mean");
constexpr auto min = reduction<Reduction::min>(
    {.name = "Tensor:min",
     .summary = "The least element over dims; real data.",
     .example = "print(lo.arange(\"x=3\", { dtype = \"f32\" }):min())  --> 0.0"},
    "min");
constexpr auto max = reduction<Reduction::max>(
    {.name = "Tensor:max",
     .summary = "The greatest element over dims; real data.",
     .example = "print(lo.arange(\"x=3\", { dtype = \"f32\" }):max())  --> 2.0"},
    "max");
constexpr auto norm_ = reduction<Reduction::norm>(
    {.name = "Tensor:norm",
     .summary = "The 2-norm over dims.",
     .example = "print(lo.tensor({ 3, 4 }, \"x\", { dtype = \"f32\" }):norm())  --> 5.0"},
    "norm");
constexpr auto any_ = reduction<Reduction::any>(
    {.name = "Tensor:any",
     .summary = "True where an element along the dims is not zero.",
     .example = "print(lo.tensor({ false, true }, \"x\"):any())  --> true"},
    "any");
constexpr auto all_ = reduction<Reduction::all>(
    {.name = "Tensor:all",
     .summary = "True where no element along the dims is zero.",
     .example = "print(lo.tensor({ false, true }, \"x\"):all())  --> false"},
    "all");

template <Unary op>
constexpr auto elementwise(Info info) {
  info.returns = "a tensor of the same shape";
  info.raises = {Code::dtype, Code::host_memory};
  return method(
      info, [](Context& context, const Tensor& x) { return unary(op, x, context); },
      param<TensorArg>("x", "the tensor"));
}

constexpr auto abs_ = elementwise<Unary::abs>(
    {.name = "Tensor:abs",
     .summary = "Absolute values.",
     .example = "print(lo.full(\"x=1\", lo.complex(3, 4)):abs():item())  --> 5.0"});
constexpr auto angle =
    elementwise<Unary::angle>({.name = "Tensor:angle",
                               .summary = "Phases in radians, in (-pi, pi].",
                               .example = "print(lo.full(\"x=1\", 2):angle():item())  --> 0.0"});
constexpr auto conj_ =
    elementwise<Unary::conj>({.name = "Tensor:conj",
                              .summary = "Complex conjugates.",
                              .example = "print(lo.full(\"x=1\", lo.i):conj():item())  --> 0-1i"});
constexpr auto exp_ = elementwise<Unary::exp>(
    {.name = "Tensor:exp",
     .summary = "Exponentials.",
     .example = "print(lo.zeros(\"x=1\", { dtype = \"f64\" }):exp():item())  --> 1.0"});
constexpr auto sqrt_ = elementwise<Unary::sqrt>(
    {.name = "Tensor:sqrt",
     .summary = "Square roots.",
     .example = "print(lo.full(\"x=1\", 9, { dtype = \"f64\" }):sqrt():item())  --> 3.0"});
constexpr auto not_ = elementwise<Unary::logical_not>(
    {.name = "Tensor:logical_not",
     .summary = "True where an element is zero.",
     .example = "print(lo.tensor({ true, false }, \"x\"):logical_not():totable()[2])  --> true"});

// A tensor or a number on either side, at least one of them a tensor.
Tensor compared(
    Binary op, std::string_view operation, const Value& a, const Value& b, Context& context) {
  const auto* x = a.get<Tensor>();
  const auto* y = b.get<Tensor>();
  const auto left = scalar_of(a);
  const auto right = scalar_of(b);
  if (x != nullptr && y != nullptr) return binary(op, *x, *y, context);
  if (x != nullptr && right) return binary(op, *x, *right, context);
  if (y != nullptr && left) return binary(op, *left, *y, context);
  fail(Code::argument, operation, "needs a tensor and a tensor or number, got {} and {}", a.type(),
       b.type());
}

template <Binary op>
constexpr auto comparison(Info info) {
  info.returns = "a tensor of bool";
  info.raises = {Code::shape, Code::dtype, Code::argument};
  return function(
      info,
      [](Context& context, const Value& a, const Value& b) {
        return compared(op, "compare", a, b, context);
      },
      param<ValueArg>("x", "a tensor or number"), param<ValueArg>("y", "a tensor or number"));
}

constexpr auto lt = comparison<Binary::less>(
    {.name = "lt",
     .summary = "True where x < y.",
     .example = "print(lo.lt(lo.arange(\"x=4\", { dtype = \"f32\" }), 2):sum())  --> 2"});
constexpr auto le = comparison<Binary::less_equal>(
    {.name = "le",
     .summary = "True where x <= y.",
     .example = "print(lo.le(lo.arange(\"x=4\", { dtype = \"f32\" }), 2):sum())  --> 3"});
constexpr auto gt = comparison<Binary::greater>(
    {.name = "gt",
     .summary = "True where x > y.",
     .example = "print(lo.gt(lo.arange(\"x=4\", { dtype = \"f32\" }), 2):sum())  --> 1"});
constexpr auto ge = comparison<Binary::greater_equal>(
    {.name = "ge",
     .summary = "True where x >= y.",
     .example = "print(lo.ge(lo.arange(\"x=4\", { dtype = \"f32\" }), 2):sum())  --> 2"});
constexpr auto eq = comparison<Binary::equal>(
    {.name = "eq",
     .summary = "True where x = y.",
     .example = "print(lo.eq(lo.arange(\"x=4\", { dtype = \"f32\" }), 2):sum())  --> 1"});
constexpr auto ne = comparison<Binary::not_equal>(
    {.name = "ne",
     .summary = "True where x differs from y.",
     .example = "print(lo.ne(lo.arange(\"x=4\", { dtype = \"f32\" }), 2):sum())  --> 3"});

// A number among the choices takes the shape, dtype and device of the other choice, or of the mask.
Tensor choice(const Value& given, const Value& other, const Tensor& mask, Context& context) {
  if (const auto* x = given.get<Tensor>()) return *x;
  const auto number = scalar_of(given);
  if (!number)
    fail(Code::argument, "where", "choices are tensors or numbers, got {}", given.type());
  const auto* like = other.get<Tensor>();
  DType dtype = like != nullptr ? like->dtype() : static_cast<State*>(context.listener)->dtype;
  if (number->imag() != 0 && is_real(dtype)) dtype = complex_of(dtype);
  context.device = mask.device();
  return full(Shape(), *number, dtype, context);
}

constexpr auto where_ = function(
    {.name = "where",
     .summary = "Takes elements of a where the mask is true, else of b; broadcasts by name.",
     .returns = "a tensor",
     .raises = {Code::shape, Code::dtype, Code::argument},
     .example = R"(local x = lo.arange("x=4", { dtype = "f32" })
print(lo.where(lo.lt(x, 2), 0, x):sum())  --> 5.0)"},
    [](Context& context, const Tensor& mask, const Value& a, const Value& b) {
      return lunops::where(mask, choice(a, b, mask, context), choice(b, a, mask, context), context);
    },
    param<TensorArg>("mask", "a tensor of bool"),
    param<ValueArg>("a", "a tensor or number"),
    param<ValueArg>("b", "a tensor or number"));

constexpr auto dot_ = function(
    {.name = "dot",
     .summary = "The inner product: the sum of conj(x)*y, in double.",
     .returns = "a number, or lo.complex for complex data",
     .raises = {Code::shape, Code::dtype, Code::device},
     .example = "print(lo.dot(lo.full(\"x=2\", lo.i), lo.ones \"x=2\"))  --> 0-2i",
     .waits = true},
    [](Context& context, const Tensor& x, const Tensor& y) -> Value {
      const c128 sum = lunops::dot(x, y, context);
      if (is_complex(x.dtype()) || is_complex(y.dtype())) return sum;
      return sum.real();
    },
    param<TensorArg>("x", "a tensor"),
    param<TensorArg>("y", "a tensor of the same shape"));

constexpr Record kMethods[] = {
    exported<sum>(),  exported<mean>(),  exported<min>(),  exported<max>(),   exported<norm_>(),
    exported<any_>(), exported<all_>(),  exported<abs_>(), exported<angle>(), exported<conj_>(),
    exported<exp_>(), exported<sqrt_>(), exported<not_>()};
constexpr Record kFunctions[] = {exported<lt>(),     exported<le>(),  exported<gt>(),
                                 exported<ge>(),     exported<eq>(),  exported<ne>(),
                                 exported<where_>(), exported<dot_>()};

}  // namespace

std::span<const Record> reduction_records() { return kMethods; }
std::span<const Record> comparison_records() { return kFunctions; }

}  // namespace lunops::lua
