// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/transform/convolution.hpp"

namespace lunops {

namespace {

ConvolutionCore::Method method_named(const std::string& name) {
  if (name == "auto") return ConvolutionCore::Method::automatic;
  if (name == "direct") return ConvolutionCore::Method::direct;
  if (name == "fft") return ConvolutionCore::Method::fft;
  const std::vector<std::string> known{"auto", "direct", "fft"};
  fail(Code::argument, "Convolution", "method is '{}'; it is auto, direct or fft{}", name,
       did_you_mean(name, known));
}

bool is_circular_named(const std::string& name) {
  if (name == "zero" || name == "circular") return name == "circular";
  const std::vector<std::string> known{"zero", "circular"};
  fail(Code::argument, "Convolution", "boundary is '{}'; it is zero or circular{}", name,
       did_you_mean(name, known));
}

void check_values(const Tensor& k) {
  if (!is_floating(k.dtype())) {
    fail(Code::dtype, "Convolution",
         "the kernel is {}; kernels are f32, f64, c64 or c128, so use k:as \"f32\"",
         name_of(k.dtype()));
  }
  for (int d = 0; d < k.ndim(); ++d) {
    if (k.shape().extent(d) > 0) continue;
    fail(Code::shape, "Convolution", "the kernel {} is empty", k.shape().braced());
  }
  const Context host;
  Context context = on_device(k.device(), host);
  // Times 0, which leaves NaN of both; the norm of large finite values would overflow.
  if (!std::isfinite(norm(binary(Binary::multiply, k, 0.0, context), context))) {
    fail(Code::numeric, "Convolution", "the kernel {} has a NaN or an infinity",
         k.shape().braced());
  }
}

// Names for the dims of a kernel: its own, or those of the last dims of a one-sided string.
std::vector<Dim> kernel_dims(const Tensor& k, const std::optional<SignatureText>& parsed) {
  if (k.shape().is_named()) return k.shape().dims();
  std::vector<Dim> dims;
  if (parsed && parsed->is_one_sided) {
    for (const Term& t : parsed->side) {
      if (t.kind == Term::Kind::dim) dims.push_back(t.dim);
    }
    if (static_cast<int>(dims.size()) >= k.ndim()) {
      dims.erase(dims.begin(), dims.end() - k.ndim());
      return dims;
    }
  }
  fail(Code::shape, "Convolution",
       "the kernel {} has no names; its dims are addressed by name, as in k:rename",
       k.shape().braced());
}

// A dim of the kernel that stands on both sides under one base name, but with different primes, and
// that the kernel has once, is convolved.
struct Convolved {
  int in = -1, out = -1;
};
std::optional<Convolved> convolved(const Dim& dim,
                                   const std::vector<Dim>& all,
                                   const Side& in,
                                   const Side& out) {
  const auto times =
      std::count_if(all.begin(), all.end(), [&](const Dim& d) { return d.name == dim.name; });
  if (times != 1 || dim.primes != 0) return std::nullopt;
  Convolved found;
  const auto find = [&](const Side& side) {
    for (size_t i = 0; i < side.size(); ++i) {
      if (side[i].kind == Term::Kind::dim && side[i].dim.name == dim.name)
        return static_cast<int>(i);
    }
    return -1;
  };
  found.in = find(in);
  found.out = find(out);
  if (found.in < 0 || found.out < 0) return std::nullopt;
  if (in[static_cast<size_t>(found.in)].dim == out[static_cast<size_t>(found.out)].dim)
    return std::nullopt;
  return found;
}

Signature with_kernel_extents(const Signature& signature,
                              const Side& terms,
                              const std::vector<int64_t>& extents,
                              const std::vector<ConvolutionCore::Line>& lines) {
  Side in = signature.input(), out = signature.output();
  const auto is_line = [&](int d) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const ConvolutionCore::Line& line) { return line.weight == d; });
  };
  for (Side* side : {&in, &out}) {
    for (Term& t : *side) {
      const int at = t.kind == Term::Kind::ellipsis ? -1 : find_term(terms, t);
      if (at < 0 || is_line(at)) continue;
      const int64_t n = extents[static_cast<size_t>(at)];
      if (t.extent != kUnknown && t.extent != n) {
        fail(Code::shape, "Convolution", "extent of '{}' is {} in \"{}\" but {} in the kernel",
             text_of_base(t), t.extent, signature.text(), n);
      }
      t.extent = n;
    }
  }
  return Signature(in, out, signature.is_open());
}

// Lines have equal extents on both sides; circular kernels fit into them.
Signature with_line_extents(const Signature& signature,
                            const std::vector<ConvolutionCore::Line>& lines,
                            const std::vector<int64_t>& taps,
                            bool is_circular) {
  Side in = signature.input(), out = signature.output();
  const auto nth = [](Side& side, int number) -> Term& {
    for (Term& t : side) {
      if (t.kind != Term::Kind::ellipsis && number-- == 0) return t;
    }
    return side.back();
  };
  for (const ConvolutionCore::Line& line : lines) {
    Term &a = nth(in, line.in), &b = nth(out, line.out);
    if (a.extent != kUnknown && b.extent != kUnknown && a.extent != b.extent) {
      fail(Code::shape, "Convolution",
           "'{}' has extent {} on the input but {} on the output of \"{}\"; a convolution keeps it",
           text_of_base(a), a.extent, b.extent, signature.text());
    }
    if (a.extent == kUnknown) a.extent = b.extent;
    b.extent = a.extent;
    const int64_t k = taps[static_cast<size_t>(line.weight)];
    if (is_circular && a.extent != kUnknown && k > a.extent) {
      fail(Code::shape, "Convolution",
           "the kernel has {} taps along '{}', whose extent is {}; a circular kernel is at most as "
           "long, so shorten it or use boundary = \"zero\"",
           k, text_of_base(a), a.extent);
    }
  }
  return Signature(in, out, signature.is_open());
}

}  // namespace

Linop Convolution(const Tensor& kernel,
                  std::optional<std::string_view> text,
                  const ConvolutionOptions& options) {
  ConvolutionCore::Description made;
  made.method = method_named(options.method);
  made.is_circular = is_circular_named(options.boundary);
  check_values(kernel);
  std::optional<SignatureText> parsed;
  if (text) parsed = parse_signature("Convolution", *text);
  const std::vector<Dim> dims = kernel_dims(kernel, parsed);
  Signature signature;
  if (!parsed || parsed->is_one_sided) {
    Side in;
    if (parsed) {
      in = parsed->side;
    } else {
      for (const Dim& d : dims) in.push_back({Term::Kind::dim, d, 0, kUnknown});
    }
    Side out = in;
    for (Term& t : out) {
      if (t.kind == Term::Kind::dim && std::find(dims.begin(), dims.end(), t.dim) != dims.end())
        ++t.dim.primes;
    }
    signature = Signature(in, out);
  } else {
    signature = parsed->signature;
  }
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  for (size_t d = 0; d < dims.size(); ++d) {
    Term term{Term::Kind::dim, dims[d], 0, kUnknown};
    if (const auto found = convolved(dims[d], dims, in, out)) {
      term.dim = in[static_cast<size_t>(found->in)].dim;
      made.lines.push_back({found->in, found->out, static_cast<int>(d), 0});
    } else if (find_term(in, term) < 0 && find_term(out, term) < 0) {
      std::vector<std::string> known;
      for (const Dim& known_dim : signature.dims()) known.push_back(known_dim.text());
      fail(Code::shape, "Convolution", "'{}' is in the kernel {} but on neither side of \"{}\"{}",
           dims[d].text(), kernel.shape().braced(), signature.text(),
           did_you_mean(dims[d].text(), known));
    }
    made.terms.push_back(term);
  }
  if (made.lines.empty()) {
    fail(Code::shape, "Convolution",
         "no dim of the kernel {} is convolved in \"{}\"; such a dim stands on both sides, with a "
         "prime on the output, as in \"y x -> y' x'\"",
         kernel.shape().braced(), signature.text());
  }
  const auto is_line_term = [&](bool is_input, size_t number) {
    return std::any_of(made.lines.begin(), made.lines.end(), [&](const ConvolutionCore::Line& l) {
      return (is_input ? l.in : l.out) == static_cast<int>(number);
    });
  };
  for (const bool is_input : {true, false}) {
    const Side &side = is_input ? in : out, &other = is_input ? out : in;
    for (size_t i = 0; i < side.size(); ++i) {
      if (is_line_term(is_input, i) || find_term(other, side[i]) >= 0 ||
          find_term(made.terms, side[i]) >= 0) {
        continue;
      }
      fail(Code::shape, "Convolution",
           "'{}' is on the {} of \"{}\" but neither in the kernel {} nor on the {}",
           side[i].kind == Term::Kind::dim ? side[i].dim.text() : text_of_base(side[i]),
           is_input ? "input" : "output", signature.text(), kernel.shape().braced(),
           is_input ? "output" : "input");
    }
  }
  const std::vector<int64_t> extents = kernel.shape().extents();
  signature = with_options("Convolution", signature, options);
  signature = with_kernel_extents(signature, made.terms, extents, made.lines);
  signature = with_line_extents(signature, made.lines, extents, made.is_circular);
  const std::string owner =
      options.name.empty() ? "Convolution" : fmt::format("Convolution '{}'", options.name);
  made.kernel = std::make_shared<Weight>(kernel, owner);
  return Linop(
      std::make_shared<ConvolutionCore>(std::move(made), std::move(signature), options.name));
}

}  // namespace lunops
