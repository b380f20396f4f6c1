// SPDX-License-Identifier: MIT
// Rules on Convolutions: R21.
#include "runtime/linop/transform/convolution.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/transform/fft.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

int position_of(const std::vector<int>& dims, int dim) {
  const auto at = std::find(dims.begin(), dims.end(), dim);
  return at == dims.end() ? -1 : static_cast<int>(at - dims.begin());
}

// left * right, both forward; null where they do not convolve the same dims.
std::shared_ptr<const Core> one_convolution(const Node& left, const Node& right) {
  const ConvolutionCore &l = *as_convolution(left), &r = *as_convolution(right);
  const auto j = join(left, right);
  if (!j || l.lines().size() != r.lines().size()) return nullptr;
  std::vector<size_t> of_right;
  std::vector<std::pair<int, int>> ends;
  for (const auto& line : l.lines()) {
    const int middle = j->left_in[static_cast<size_t>(line.in)];
    const auto found = std::find_if(r.lines().begin(), r.lines().end(), [&](const auto& other) {
      return j->right_out[static_cast<size_t>(other.out)] == middle;
    });
    if (found == r.lines().end()) return nullptr;
    of_right.push_back(static_cast<size_t>(found - r.lines().begin()));
    ends.emplace_back(position_of(j->in_dims, j->right_in[static_cast<size_t>(found->in)]),
                      position_of(j->out_dims, j->left_out[static_cast<size_t>(line.out)]));
    if (ends.back().first < 0 || ends.back().second < 0) return nullptr;
  }
  return l.after(r, of_right, ends, Signature(j->in, j->out));
}

// What stands for `after` * convolution * `before` where the transforms undo each other.
struct Between {
  Node diagonal;
  double scale = 1;
};

// Where the value of each element of a Diagonal stands in the spectrum, along one of its dims:
// K[n - origin], or K[origin - n].
struct SpectrumLine {
  int64_t extent, origin;
};

WeightPtr arranged(const WeightPtr& spectrum,
                   const std::vector<SpectrumLine>& lines,
                   bool is_reversed,
                   bool is_conjugate) {
  std::string key = fmt::format("spectrum {} {}", is_reversed, is_conjugate);
  for (const SpectrumLine& l : lines) key += fmt::format(" {}", l.origin);
  auto recipe = [=](DType dtype, Context& context) {
    Context host = on_device(Device::host(), context);
    const Tensor k = spectrum->as(DType::c128, context, false).to(host.device, host);
    const Tensor d = Tensor::empty(k.shape(), DType::c128, host);
    std::vector<int64_t> index(lines.size(), 0);
    for (int64_t i = 0; i < d.shape().count(); ++i) {
      int64_t at = 0;
      for (size_t l = 0; l < lines.size(); ++l) {
        const int64_t n = lines[l].extent, from = index[l] - lines[l].origin;
        at = at * n + ((is_reversed ? -from : from) % n + n) % n;
      }
      const c128 value = k.data_as<c128>()[at];
      d.data_as<c128>()[i] = is_conjugate ? std::conj(value) : value;
      for (size_t l = lines.size(); l-- > 0;) {
        if (++index[l] < lines[l].extent) break;
        index[l] = 0;
      }
    }
    return d.as(dtype, host).to(context.device, context);
  };
  return std::make_shared<Weight>(spectrum->extents(), true, spectrum->sources(), std::move(recipe),
                                  key);
}

int64_t known_extent(const Term& a, const Term& b) {
  return a.extent != kUnknown ? a.extent : b.extent;
}

// G C F as a Diagonal on F's input: where F turns the dims that C convolves, and G turns all that F
// turned back to where they were.
std::optional<Between> between_ffts(const Node& g, const Node& c, const Node& f) {
  const FftCore &after = *as_fft(g), &before = *as_fft(f);
  const ConvolutionCore& conv = *as_convolution(c);
  const int sign = before.sign(f.mode);
  if (after.is_centred() != before.is_centred() || after.sign(g.mode) == sign) return std::nullopt;
  const auto j = join(c, f);
  if (!j || !junction(g, c)) return std::nullopt;
  const auto ends = [](const TermPair& pair, Mode mode) {
    return transposes(mode) ? TermPair{pair.out, pair.in} : pair;
  };
  const auto number = [](const std::vector<int>& dims, int term) {
    return dims[static_cast<size_t>(term)];
  };

  // Dims by number, back through C and F to F's input.
  std::vector<int> origin(static_cast<size_t>(j->count));
  for (int d = 0; d < j->count; ++d) origin[static_cast<size_t>(d)] = d;
  std::vector<int> turned;
  double points = 1;
  bool has_extents = true;
  for (const TermPair& pair : before.pairs()) {
    const TermPair e = ends(pair, f.mode);
    const int in = number(j->right_in, e.in);
    origin[static_cast<size_t>(number(j->right_out, e.out))] = in;
    turned.push_back(in);
    const int out = number(j->right_out, e.out), in_c = position_of(j->left_in, out);
    int64_t n = known_extent(own_input(f)[static_cast<size_t>(e.in)],
                             own_output(f)[static_cast<size_t>(e.out)]);
    if (n == kUnknown && in_c >= 0 && static_cast<size_t>(in_c) < own_input(c).size()) {
      n = own_input(c)[static_cast<size_t>(in_c)].extent;
    }
    has_extents = has_extents && n != kUnknown;
    points *= static_cast<double>(n);
  }
  const auto is_turned = [&](int d) { return position_of(turned, d) >= 0; };
  std::vector<int> of_line;
  for (const auto& line : conv.lines()) {
    const TermPair e = ends({line.in, line.out}, c.mode);
    const int in = origin[static_cast<size_t>(number(j->left_in, e.in))];
    if (!is_turned(in)) return std::nullopt;
    origin[static_cast<size_t>(number(j->left_out, e.out))] = in;
    of_line.push_back(in);
  }

  // G gives back what F took: the same dims in the same order under the same names.
  const Side &g_in = own_input(g), &g_out = own_output(g);
  const size_t both = std::min(g_in.size(), j->out.size());
  const auto from_g = [&](size_t i) {  // the number of an input of G; below 0: only G names it
    const size_t behind = g_in.size() - 1 - i;
    if (behind >= both) return -1 - static_cast<int>(i);
    return origin[static_cast<size_t>(j->out_dims[j->out_dims.size() - 1 - behind])];
  };
  if (g_out.size() != g_in.size() || after.pairs().size() != turned.size() ||
      j->in.size() != j->out.size()) {
    return std::nullopt;
  }
  std::vector<int> of_g(g_out.size(), 0);
  for (size_t i = 0; i < g_out.size(); ++i) {
    const int kept = find_term(g_in, g_out[i]);
    if (kept >= 0) of_g[i] = from_g(static_cast<size_t>(kept));
    if (kept >= 0 && is_turned(of_g[i])) return std::nullopt;
  }
  for (const TermPair& pair : after.pairs()) {
    const TermPair e = ends(pair, g.mode);
    const int d = from_g(static_cast<size_t>(e.in));
    if (!is_turned(d)) return std::nullopt;
    of_g[static_cast<size_t>(e.out)] = d;
  }
  for (size_t i = 0; i < g_out.size(); ++i) {
    const size_t behind = g_out.size() - 1 - i;
    const bool is_own = behind >= j->in.size();
    const int there = is_own ? from_g(i) : j->in_dims[j->in_dims.size() - 1 - behind];
    if (of_g[i] != there) return std::nullopt;
    if (!is_own && g_out[i].dim.name != j->in[j->in.size() - 1 - behind].dim.name) {
      return std::nullopt;
    }
  }

  Between made;
  if (!after.is_ortho() || !before.is_ortho()) {
    if (!has_extents) return std::nullopt;
    made.scale = after.scale(points) * before.scale(points) * points;
  }
  Side shown = j->in;
  for (Term& t : shown) t.dim.primes = 0;
  const WeightPtr spectrum = conv.spectrum();
  Side terms(conv.lines().size());
  std::vector<SpectrumLine> lines(conv.lines().size());
  for (size_t l = 0; l < conv.lines().size(); ++l) {
    const auto axis = static_cast<size_t>(conv.lines()[l].weight);
    const int64_t n = spectrum->extents()[axis];
    if (n == 0) return std::nullopt;
    lines[axis] = {n, before.is_centred() ? n / 2 : 0};
    terms[axis] = shown[static_cast<size_t>(position_of(j->in_dims, of_line[l]))];
    terms[axis].extent = kUnknown;
  }
  // A transform with exp(+…) meets K itself; the transpose and the conjugate turn it round.
  const bool is_reversed = (sign < 0) != (transposes(c.mode) != conjugates(c.mode));
  made.diagonal = Node{
      std::make_shared<DiagonalCore>(arranged(spectrum, lines, is_reversed, conjugates(c.mode)),
                                     terms, Signature(shown, shown), conv.name()),
      Mode::forward, nullptr};
  return made;
}

bool take_spectrum(Product& p, Builder& b) {
  for (size_t i = 0; i + 2 < p.factors.size(); ++i) {
    const ConvolutionCore* c = as_convolution(p.factors[i + 1]);
    if (c == nullptr || !c->is_plain_circular() || as_fft(p.factors[i]) == nullptr ||
        as_fft(p.factors[i + 2]) == nullptr) {
      continue;
    }
    const auto made = between_ffts(p.factors[i], p.factors[i + 1], p.factors[i + 2]);
    if (!made || (made->scale != 1.0 && !passes_scalar(p, i, made->scale))) continue;
    b.rewrote("R21", fmt::format("{} between FFTs -> Diagonal of its spectrum", c->label()));
    p.scale *= made->scale;
    replace(p, i, 3, made->diagonal);
    return true;
  }
  return false;
}

}  // namespace

bool merge_convolutions(Product& p, Builder& b) {
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    const ConvolutionCore *l = as_convolution(p.factors[i]), *r = as_convolution(p.factors[i + 1]);
    if (l == nullptr || r == nullptr || !l->is_plain_circular() || !r->is_plain_circular())
      continue;
    const Mode mode = p.factors[i].mode;
    if (mode != p.factors[i + 1].mode) continue;
    // (B A)ᴴ = Aᴴ Bᴴ: the product is made of the forward convolutions and seen in their mode.
    const Node left = with_mode(p.factors[transposes(mode) ? i + 1 : i], mode);
    const Node right = with_mode(p.factors[transposes(mode) ? i : i + 1], mode);
    auto core = one_convolution(left, right);
    if (core == nullptr) continue;
    b.rewrote("R21", fmt::format("{} * {} -> one Convolution", p.factors[i].core->label(),
                                 p.factors[i + 1].core->label()));
    replace(p, i, 2, Node{std::move(core), mode, nullptr});
    return true;
  }
  return take_spectrum(p, b);
}

}  // namespace lunops
