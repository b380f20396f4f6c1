// SPDX-License-Identifier: MIT
#include "tests/laws/laws.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/plan/explain.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops::laws {

double tolerance(const Subject& s) {
  const bool in_double = is_double(s.dtype) && is_double(s.output_dtype) && !s.is_rounded;
  const double epsilon = in_double ? std::ldexp(1.0, -52) : std::ldexp(1.0, -23);
  // No operator here sums more than all of its input and output.
  const double n = static_cast<double>(std::max<int64_t>(2, s.input.count() + s.output.count()));
  const double tol = 32 * epsilon * (1 + std::log2(n));
  return in_double ? tol : std::min(tol, 1e-3);
}

Tensor random_like(const Shape& shape, DType dtype, uint64_t seed, Context& context) {
  return randn(shape, dtype, seed, context);
}

double distance(const Tensor& a, const Tensor& b) {
  Context context;
  REQUIRE(a.shape() == b.shape());
  const double scale = std::max(norm(a, context), norm(b, context));
  if (scale == 0.0) return 0.0;
  return norm(binary(Binary::subtract, a, b, context), context) / scale;
}

namespace {

Tensor conj_of(const Tensor& x, Context& context) {
  return is_complex(x.dtype()) ? unary(Unary::conj, x, context) : x.clone(context);
}

// The same law for another operator that has the subject's data.
Subject derived(const Subject& s, const char* what, const Linop& a, bool is_transposed) {
  Subject d = s;
  d.name = fmt::format("{}{}", s.name, what);
  d.a = a;
  if (is_transposed) {
    std::swap(d.input, d.output);
    std::swap(d.dtype, d.output_dtype);
  }
  return d;
}

Subject normal_of(const Subject& s) {
  Subject d = s;
  d.name = fmt::format("{}.N", s.name);
  d.a = s.a.N();
  d.output = s.input;
  d.output_dtype = s.dtype;
  return d;
}

Tensor input_of(const Subject& s, Context& c) { return random_like(s.input, s.dtype, s.seed, c); }

Tensor output_like(const Subject& s, uint64_t offset, Context& c) {
  return random_like(s.output, s.output_dtype, s.seed + offset, c);
}

// Bits of a tensor in row-major order.
std::vector<std::byte> bits(const Tensor& x) {
  Context context;
  const Tensor row = x.contiguous(context);
  std::vector<std::byte> copy(row.bytes());
  if (!copy.empty()) std::memcpy(copy.data(), row.data(), copy.size());
  return copy;
}

void inner_product(const Subject& s, const Tensor& x, const Tensor& y, Context& c) {
  const Tensor ax = s.a(x, c), ahy = s.a.H()(y, c);
  const c128 left = dot(ax, y, c), right = dot(x, ahy, c);
  const double scale = std::max(norm(ax, c) * norm(y, c), norm(x, c) * norm(ahy, c));
  const bool real_linear = s.a.is_real_linear();
  const double difference =
      real_linear ? std::abs(left.real() - right.real()) : std::abs(left - right);
  CHECK(difference <= tolerance(s) * scale);
}

}  // namespace

void adjointness(const Subject& s, Context& c) {
  INFO("L1 of " << s.name);
  const Tensor x = input_of(s, c);
  const Tensor y = output_like(s, 1, c);
  inner_product(s, x, y, c);
  // Draws whose inner product is not near zero.
  inner_product(s, x, s.a(x, c), c);
  inner_product(s, s.a.H()(y, c), y, c);
}

void linearity(const Subject& s, Context& c) {
  INFO("L2 of " << s.name);
  const Tensor x = input_of(s, c), z = random_like(s.input, s.dtype, s.seed + 2, c);
  const bool complex = is_complex(s.dtype) && !s.a.is_real_linear();
  const c128 a = complex ? c128(0.7, -1.1) : c128(0.7), b = complex ? c128(-0.4, 0.3) : c128(-0.4);
  const Tensor mix = x.clone(c);
  axpby(b, z, a, mix, c);
  const Tensor expected = s.a(x, c);
  axpby(b, s.a(z, c), a, expected, c);

  CHECK(distance(s.a(mix, c), expected) <= 2 * tolerance(s));
  CHECK(norm(s.a(zeros(s.input, s.dtype, c), c), c) == 0.0);
}

void normal_form(const Subject& s, Context& c) {
  INFO("L3 of " << s.name);
  const Tensor x = input_of(s, c);
  const auto check = [&](const Linop& n, const Tensor& expected) {
    CHECK(n(x, c).shape() == expected.shape());
    CHECK(distance(apply_planned(n, x, c, {.rewrite = false}), expected) <= 2 * tolerance(s));
    CHECK(distance(apply_planned(n, x, c, {.toeplitz = Toeplitz::never}), expected) <=
          2 * tolerance(s));
    CHECK(distance(apply_planned(n, x, c, {.toeplitz = Toeplitz::always}), expected) <=
          2 * tolerance(s) + 2 * s.approximate);
    for (const auto dense : {PlanOptions::Dense::pair, PlanOptions::Dense::fused}) {
      CHECK(distance(apply_planned(n, x, c, {.toeplitz = Toeplitz::never, .dense = dense}),
                     expected) <= 2 * tolerance(s));
    }
  };
  check(s.a.N(), s.a.H()(s.a(x, c), c));

  // Where "..." stands in the middle, an operator over all dims does not say which are batch.
  if (!s.output.is_named() || s.output.ndim() == 0 || s.a.signature().has_ellipsis()) return;
  const Linop diagonal = Diagonal(output_like(s, 3, c));
  check(s.a.normal(diagonal), s.a.H()(diagonal(s.a(x, c), c), c));
  const std::string first = s.output.dim(0).text();
  const int64_t n = s.output.extent(0);
  const Shape square(std::vector<Dim>{Dim::parse(fmt::format("{}'", first)), Dim::parse(first)},
                     {n, n});
  std::string rest;
  for (int i = 1; i < s.output.ndim(); ++i) rest += fmt::format(" {}", s.output.dim(i).text());
  const Linop dense = Dense(random_like(square, s.output_dtype, s.seed + 4, c),
                            fmt::format("{0}' {0}, {0}{1} -> {0}'{1}", first, rest));
  check(s.a.normal(dense), s.a.H()(dense(s.a(x, c), c), c));
}

void identities_of_handles(const Subject& s, Context& c) {
  INFO("L4 of " << s.name);
  CHECK(s.a.H().H().node() == s.a.node());
  if (s.a.is_real_linear()) {
    CHECK_THROWS_AS(s.a.T(), Error);
    CHECK_THROWS_AS(s.a.conj(), Error);
  } else {
    CHECK(s.a.T().T().node() == s.a.node());
    CHECK(s.a.conj().conj().node() == s.a.node());
  }
  CHECK(s.a.N().node() == s.a.N().node());
  CHECK(s.a.N().H().node() == s.a.N().node());
  const Tensor x = input_of(s, c);
  const Tensor nx = s.a.N()(x, c);
  const c128 energy = dot(nx, x, c);
  const double scale = norm(nx, c) * norm(x, c) * (2 * tolerance(s) + s.approximate);
  if (!s.a.is_real_linear()) CHECK(std::abs(energy.imag()) <= scale);
  CHECK(energy.real() >= -scale);
}

void modes(const Subject& s, Context& c) {
  INFO("L5 of " << s.name);
  const Tensor x = input_of(s, c), y = output_like(s, 5, c);
  std::vector<Subject> all{derived(s, ".H", s.a.H(), true), normal_of(s)};
  if (!s.a.is_real_linear()) {
    CHECK(distance(s.a.T()(y, c), conj_of(s.a.H()(conj_of(y, c), c), c)) <= tolerance(s));
    CHECK(distance(s.a.conj()(x, c), conj_of(s.a(conj_of(x, c), c), c)) <= tolerance(s));
    all.push_back(derived(s, ".T", s.a.T(), true));
    all.push_back(derived(s, ":conj()", s.a.conj(), false));
  }
  for (const Subject& d : all) {
    adjointness(d, c);
    linearity(d, c);
    identities_of_handles(d, c);
  }
}

void scales(const Subject& s, Context& c) {
  INFO("L6 of " << s.name);
  const Tensor x = input_of(s, c), y = output_like(s, 6, c);
  const Tensor ax = s.a(x, c);
  std::vector<c128> values{0.0, 1.0, -0.5};
  if (is_complex(s.output_dtype)) {
    values.push_back({2.0, 1.0});
  } else {
    CHECK_THROWS_AS(s.a.apply(x, y, {{2.0, 1.0}, 0.0}, c), Error);
    CHECK_THROWS_AS(s.a.apply(x, y, {1.0, {2.0, 1.0}}, c), Error);
  }
  for (const c128 alpha : values) {
    for (const c128 beta : values) {
      const Tensor out =
          beta == 0.0 ? full(s.output, std::numeric_limits<double>::quiet_NaN(), s.output_dtype, c)
                      : y.clone(c);
      s.a.apply(x, out, {alpha, beta}, c);
      const Tensor expected = y.clone(c);
      axpby(alpha, ax, beta, expected, c);
      INFO("alpha = " << alpha << ", beta = " << beta);
      const double scale = std::abs(alpha) * norm(ax, c) + std::abs(beta) * norm(y, c);
      const double error = norm(binary(Binary::subtract, out, expected, c), c);
      CHECK(error <= 2 * tolerance(s) * scale);
    }
  }
}

void nothing_changes(const Subject& s, Context& c) {
  INFO("L7 of " << s.name);
  std::vector<Tensor> watched{input_of(s, c)};
  const auto collect = [&](const auto& self, const Node& node) -> void {
    for (const WeightPtr& w : node.core->weights()) {
      if (w->is_given()) watched.push_back(w->tensor());
    }
    for (const Node& child : node.core->children()) self(self, child);
  };
  collect(collect, s.a.node());
  std::vector<std::vector<std::byte>> before;
  for (const Tensor& t : watched) before.push_back(bits(t));
  const std::string tree = s.a.tree();

  s.a.N()(watched.front(), c);
  s.a.rename({})(watched.front(), c);
  (void)(s.a * Identity());
  (void)s.a.H();

  for (size_t i = 0; i < watched.size(); ++i) CHECK(bits(watched[i]) == before[i]);
  CHECK(s.a.tree() == tree);
}

namespace {

// (Re, Im) of the elements in row-major order; real data have no Im.
std::vector<double> parts(const Tensor& x, Context& c) {
  const bool complex = is_complex(x.dtype());
  const Tensor wide = x.contiguous(c).as(complex ? DType::c128 : DType::f64, c);
  std::vector<double> list;
  for (int64_t i = 0; i < wide.count(); ++i) {
    if (complex) {
      list.push_back(wide.data_as<c128>()[i].real());
      list.push_back(wide.data_as<c128>()[i].imag());
    } else {
      list.push_back(wide.data_as<double>()[i]);
    }
  }
  return list;
}

// The columns of A as a matrix on (Re, Im).
std::vector<std::vector<double>> real_columns(const Linop& a,
                                              const Shape& input,
                                              DType dtype,
                                              Context& c) {
  std::vector<std::vector<double>> columns;
  for (int64_t j = 0; j < input.count(); ++j) {
    for (const c128 unit : {c128(1), c128(0, 1)}) {
      if (!is_complex(dtype) && unit != 1.0) continue;
      std::vector<c128> values(static_cast<size_t>(input.count()));
      values[static_cast<size_t>(j)] = unit;
      columns.push_back(parts(a(from_values(input, dtype, values, c), c), c));
    }
  }
  return columns;
}

void real_matrix(const Subject& s, Context& c) {
  INFO("L8 on (Re, Im) of " << s.name);
  CHECK_THROWS_AS(s.a.dense(s.dtype, c), Error);
  const auto columns = real_columns(s.a, s.input, s.dtype, c);
  const auto rows = real_columns(s.a.H(), s.output, s.output_dtype, c);
  const Tensor x = input_of(s, c), y = s.a(x, c);
  const std::vector<double> in = parts(x, c), expected = parts(y, c);
  double error = 0, size = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    double sum = 0;
    for (size_t j = 0; j < in.size(); ++j) {
      sum += columns[j][i] * in[j];
      size += columns[j][i] * columns[j][i];
      CHECK(std::abs(columns[j][i] - rows[i][j]) <= tolerance(s) * (1 + std::abs(rows[i][j])));
    }
    error += (sum - expected[i]) * (sum - expected[i]);
  }
  CHECK(std::sqrt(error) <= 4 * tolerance(s) * (norm(x, c) * std::sqrt(size) + norm(y, c)));
}

}  // namespace

void matrix(const Subject& s, Context& c) {
  for (const Shape* shape : {&s.input, &s.output}) {
    for (const int64_t n : shape->extents()) {
      if (n > 6) return;
    }
  }
  if (!s.a.ishape().is_known() || s.a.ishape().extents() != s.input.extents()) return;
  if (s.a.is_real_linear()) return real_matrix(s, c);
  INFO("L8 of " << s.name);
  const int64_t rows = s.output.count(), columns = s.input.count();
  const auto flat = [&](const Tensor& t, int64_t i) {
    const Tensor wide = t.contiguous(c).as(is_complex(t.dtype()) ? DType::c128 : DType::f64, c);
    return is_complex(t.dtype()) ? wide.data_as<c128>()[i] : c128(wide.data_as<double>()[i]);
  };
  const Tensor m = s.a.dense(s.dtype, c);
  const Tensor x = input_of(s, c), y = s.a(x, c);
  double error = 0;
  for (int64_t i = 0; i < rows; ++i) {
    c128 sum = 0;
    for (int64_t j = 0; j < columns; ++j) sum += flat(m, i * columns + j) * flat(x, j);
    error += std::norm(sum - flat(y, i));
  }
  CHECK(std::sqrt(error) <= 4 * tolerance(s) * std::max(norm(y, c), norm(x, c)));
  if (!s.a.H().ishape().is_known()) return;
  const Tensor h = s.a.H().dense(s.output_dtype, c);
  error = 0;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      error += std::norm(flat(m, i * columns + j) - std::conj(flat(h, j * rows + i)));
    }
  }
  CHECK(std::sqrt(error) <= 4 * tolerance(s) * (1e-30 + norm(m, c)));
}

void backends(const Subject& s, Context& c) {
  INFO("L9 of " << s.name);
  Context reference(Backend::reference());
  const Tensor x = input_of(s, c), y = output_like(s, 7, c);
  const double tol = 2 * tolerance(s) + 2 * s.approximate;

  CHECK(distance(s.a(x, c), s.a(x, reference)) <= tol);
  CHECK(distance(s.a.H()(y, c), s.a.H()(y, reference)) <= tol);
}

void kept_dims(const Subject& s, Context& c) {
  INFO("L11 of " << s.name);
  const Signature& sig = s.a.signature();
  for (const Term& t : sig.input()) {
    if (t.kind != Term::Kind::dim || !sig.keeps(t.dim)) continue;
    const int in = s.input.find_base(t.dim.name), out = s.output.find_base(t.dim.name);
    if (in < 0 || s.input.extent(in) < 2) continue;
    const Tensor x = input_of(s, c);
    const Tensor before = s.a(x, c);
    const Tensor changed = x.clone(c);
    fill(changed.slice(in, 0, 1), 100.0, c);
    const Tensor after = s.a(changed, c);
    const int64_t n = s.output.extent(out);
    CHECK(distance(after.slice(out, 1, n - 1), before.slice(out, 1, n - 1)) <= tolerance(s));
  }
}

void batches(const Subject& s, Context& c) {
  if (!s.a.signature().is_open() || !s.input.is_named()) return;
  INFO("L12 of " << s.name);
  const auto with_batch = [&](std::vector<std::pair<const char*, int64_t>> batch) {
    std::vector<Dim> dims;
    std::vector<int64_t> extents;
    for (const auto& [name, n] : batch) {
      dims.push_back(Dim::parse(name));
      extents.push_back(n);
    }
    dims.insert(dims.end(), s.input.dims().begin(), s.input.dims().end());
    extents.insert(extents.end(), s.input.extents().begin(), s.input.extents().end());
    return Shape(dims, extents);
  };
  for (const int64_t n : {int64_t{3}, int64_t{1}, int64_t{0}}) {
    const Tensor stack = random_like(with_batch({{"zz", n}}), s.dtype, s.seed + 8, c);
    const Tensor y = s.a(stack, c);
    REQUIRE(y.shape().extent(0) == n);
    for (int64_t i = 0; i < n; ++i) {
      CHECK(distance(y.select(0, i), s.a(stack.select(0, i).contiguous(c), c)) <= tolerance(s));
    }
  }
  const Tensor two = random_like(with_batch({{"yy", 2}, {"zz", 2}}), s.dtype, s.seed + 9, c);
  const Tensor y = s.a(two, c), z = s.a.N()(two, c);
  CHECK(distance(y.select(0, 1).select(0, 0),
                 s.a(two.select(0, 1).select(0, 0).contiguous(c), c)) <= tolerance(s));
  CHECK(distance(z, s.a.H()(s.a(two, c), c)) <= 2 * tolerance(s) + 2 * s.approximate);
}

void renaming(const Subject& s, Context& c) {
  INFO("L13 of " << s.name);
  std::vector<std::pair<std::string, std::string>> names;
  std::vector<std::string> bases;
  for (const Dim& d : s.a.dims()) {
    const std::string base(d.name.text());
    if (std::find(bases.begin(), bases.end(), base) == bases.end()) bases.push_back(base);
  }
  if (bases.empty() || !s.input.is_named()) return;
  const auto check = [&](const std::vector<std::string>& to) {
    names.clear();
    for (size_t i = 0; i < bases.size(); ++i) names.emplace_back(bases[i], to[i]);
    const auto renamed = [&](const Tensor& x) {
      std::vector<Dim> dims;
      for (const Dim& d : x.shape().dims()) {
        Dim made = d;
        for (const auto& [from, other] : names) {
          if (d.name.text() == from) made = Dim::parse(other);
        }
        dims.push_back(made);
      }
      return x.with_shape(Shape(dims, x.shape().extents()));
    };
    const Linop a = s.a.rename(names);
    const Tensor x = input_of(s, c);
    CHECK(distance(a(renamed(x), c), renamed(s.a(x, c))) <= tolerance(s));
    const Tensor y = s.a(x, c);
    CHECK(distance(a.H()(renamed(y), c), renamed(s.a.H()(y, c))) <= tolerance(s));
    CHECK(distance(a.N()(renamed(x), c), renamed(s.a.N()(x, c))) <=
          2 * tolerance(s) + 2 * s.approximate);
  };
  std::vector<std::string> fresh, cycle(bases.begin() + 1, bases.end());
  for (const std::string& b : bases) fresh.push_back(fmt::format("{}_r", b));
  cycle.push_back(bases.front());
  check(fresh);
  check(cycle);
}

void strides(const Subject& s, Context& c) {
  INFO("L16 of " << s.name);
  // A view with gaps, its dims in reverse order in memory.
  const auto awkward = [&](const Tensor& x) {
    const int n = x.ndim();
    std::vector<Dim> dims;
    std::vector<int64_t> extents;
    std::vector<int> order;
    for (int i = n; i-- > 0;) {
      dims.push_back(x.shape().is_named() ? x.shape().dim(i) : Dim{});
      extents.push_back(2 * x.shape().extent(i) + 1);
      order.push_back(i);
    }
    const Shape room = x.shape().is_named() ? Shape(dims, extents) : Shape::unnamed(extents);
    Tensor view = zeros(room, x.dtype(), c);
    for (int i = 0; i < n; ++i) view = view.slice(i, 1, x.shape().extent(n - 1 - i), 2);
    view = view.permute(order);
    copy(view, x, c);
    return view;
  };
  const Tensor x = input_of(s, c);
  const Tensor y = s.a(x, c);
  const Tensor out = awkward(output_like(s, 10, c));
  const Tensor expected = out.clone(c);
  axpby(0.5, y, 2.0, expected, c);

  s.a.apply(awkward(x), out, {0.5, 2.0}, c);

  CHECK(distance(s.a(awkward(x), c), y) <= tolerance(s));
  CHECK(distance(out.contiguous(c), expected) <= 2 * tolerance(s));
  CHECK(distance(s.a.H()(awkward(y), c), s.a.H()(y, c)) <= tolerance(s));
  CHECK(distance(s.a.N()(awkward(x), c), s.a.N()(x, c)) <= 2 * tolerance(s));
}

void rewriting(const Subject& s, Context& c) {
  INFO("L17 of " << s.name);
  const Tensor x = input_of(s, c), y = output_like(s, 11, c);
  const double tol = 2 * tolerance(s) + 2 * s.approximate;
  CHECK(distance(s.a(x, c), apply_planned(s.a, x, c, {.rewrite = false})) <= tol);
  CHECK(distance(s.a.H()(y, c), apply_planned(s.a.H(), y, c, {.rewrite = false})) <= tol);
  const Linop sum = s.a.N() + 0.5 * Identity();
  CHECK(distance(sum(x, c), apply_planned(sum, x, c, {.rewrite = false})) <= tol);
}

// Functions of the host get tensors of their own, which are memory of the pool.
bool calls_host(const Linop& a) {
  if (a.kind() == "Custom" || a.kind() == "Trace" || a.kind() == "Breakpoint") return true;
  const std::vector<Linop> children = a.children();
  return std::any_of(children.begin(), children.end(), calls_host);
}

void reuse(const Subject& s, Context& c) {
  INFO("L18 of " << s.name);
  const Tensor x = input_of(s, c);
  const Tensor y = s.a(x, c);
  const auto expected = bits(y);
  const auto before = Pool::of(Device::host()).figures().allocations;
  s.a.apply(x, y, {}, c);
  if (!calls_host(s.a)) CHECK(Pool::of(Device::host()).figures().allocations == before);
  std::vector<int> equal(4, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < equal.size(); ++t) {
    threads.emplace_back([&, t] {
      Context own;
      equal[t] = bits(s.a(x, own)) == expected ? 1 : 0;
    });
  }
  for (std::thread& t : threads) t.join();
  CHECK(equal == std::vector<int>{1, 1, 1, 1});
}

void printing(const Subject& s, Context& c) {
  INFO("L19 of " << s.name);
  CHECK_FALSE(s.a.text().empty());
  CHECK_FALSE(s.a.N().tree().empty());
  const Explained e = explain(s.a, s.input, s.dtype, c);
  CHECK_FALSE(e.text().empty());
  if (s.input.count() > 0 && s.output.count() > 0) CHECK(e.bytes > 0);
}

void bad_inputs(const Subject& s, Context& c) {
  INFO("L20 of " << s.name);
  const Tensor x = input_of(s, c);
  const Tensor y = s.a(x, c);
  const auto expected = bits(y);
  const auto refuses = [&](const char* what, const auto& f) {
    INFO(what);
    CHECK_THROWS_AS(f(), Error);
    CHECK(bits(s.a(x, c)) == expected);
  };
  refuses("integers", [&] { s.a(zeros(s.input, DType::i32, c), c); });
  refuses("integers, adjoint", [&] { s.a.H()(zeros(s.output, DType::i64, c), c); });
  const DType other = is_double(s.output_dtype) ? DType::f32 : DType::f64;
  refuses("out of another dtype", [&] { s.a.apply(x, zeros(s.output, other, c), {}, c); });
  if (s.output.ndim() > 0) {
    const Shape larger = s.output.with_extent(0, s.output.extent(0) + 1);
    const Tensor out = zeros(larger, s.output_dtype, c);
    refuses("a larger out", [&] { s.a.apply(x, out, {}, c); });
  }
  if (s.input == s.output && s.dtype == s.output_dtype && s.input.count() > 0) {
    refuses("out in the memory of x", [&] { s.a.apply(x, x, {}, c); });
  }
  const Signature& sig = s.a.signature();
  const bool is_plain = std::all_of(sig.input().begin(), sig.input().end(),
                                    [](const Term& t) { return t.kind == Term::Kind::dim; });
  if (!is_plain || !s.input.is_named() || s.input.ndim() == 0) return;
  const auto named = [&](std::vector<Dim> dims, std::vector<int64_t> extents) {
    return zeros(Shape(std::move(dims), std::move(extents)), s.dtype, c);
  };
  std::vector<Dim> dims = s.input.dims();
  std::vector<int64_t> extents = s.input.extents();
  const Tensor fewer = named({dims.begin() + 1, dims.end()}, {extents.begin() + 1, extents.end()});
  refuses("a missing dim", [&] { s.a(fewer, c); });
  std::vector<Dim> strange = dims;
  strange[0] = Dim::parse("stranger");
  refuses("a strange dim", [&] { s.a(named(strange, extents), c); });
  for (const Term& t : sig.input()) {
    if (t.extent == kUnknown) continue;
    std::vector<int64_t> longer = extents;
    ++longer[static_cast<size_t>(s.input.find_base(t.dim.name))];
    refuses("a wrong extent", [&] { s.a(named(dims, longer), c); });
  }
  if (dims.size() > 1) {
    std::swap(dims[0], dims[1]);
    std::swap(extents[0], extents[1]);
    refuses("dims in another order", [&] { s.a(named(dims, extents), c); });
  }
}

void algebra(const Subject& s, Context& c) {
  INFO("L21 of " << s.name);
  const Tensor x = input_of(s, c), y = output_like(s, 12, c);
  const c128 k = is_complex(s.output_dtype) ? c128(0.5, -2.0) : c128(0.5);
  const c128 k_in = is_complex(s.dtype) ? c128(0.5, -2.0) : c128(0.5);
  const Linop twice = s.a + s.a;
  const bool takes_any = !s.a.signature().has_ellipsis();  // see normal_form
  const Linop b = s.input.is_named() && s.input.ndim() > 0 && takes_any
                      ? Diagonal(random_like(s.input, s.dtype, s.seed + 13, c))
                      : Identity();
  const double tol = 2 * tolerance(s);
  CHECK(distance((s.a * b).H()(y, c), (b.H() * s.a.H())(y, c)) <= tol);
  CHECK(distance((s.a + s.a * b).H()(y, c), (s.a.H() + b.H() * s.a.H())(y, c)) <= tol);
  CHECK(distance((k * s.a).H()(y, c), (s.a.H() * Scalar(std::conj(k)))(y, c)) <= tol);
  CHECK(distance((s.a * Scalar(k_in)).H()(y, c), (std::conj(k_in) * s.a.H())(y, c)) <= tol);
  const Tensor scaled = x.clone(c);
  axpby(k_in, x, 0.0, scaled, c);
  CHECK(distance((s.a * Scalar(k_in))(x, c), s.a(scaled, c)) <= tol);
  CHECK(distance(twice(x, c), (2.0 * s.a)(x, c)) <= tol);
  CHECK(norm((s.a - s.a)(x, c), c) == 0.0);
  const Tensor difference = s.a(x, c);
  axpby(-1.0, (s.a * b)(x, c), 1.0, difference, c);
  const double scale = norm(s.a(x, c), c) + norm((s.a * b)(x, c), c);
  const Tensor direct = (s.a - s.a * b)(x, c);
  CHECK(norm(binary(Binary::subtract, direct, difference, c), c) <= tol * scale);
}

void all(const Subject& s, Context& c) {
  adjointness(s, c);
  linearity(s, c);
  normal_form(s, c);
  identities_of_handles(s, c);
  modes(s, c);
  scales(s, c);
  nothing_changes(s, c);
  matrix(s, c);
  backends(s, c);
  tiles(s, c);
  determinism(s, c);
  kept_dims(s, c);
  batches(s, c);
  renaming(s, c);
  strides(s, c);
  rewriting(s, c);
  reuse(s, c);
  printing(s, c);
  bad_inputs(s, c);
  algebra(s, c);
}

}  // namespace lunops::laws
