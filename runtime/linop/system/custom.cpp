// SPDX-License-Identifier: MIT
#include "runtime/linop/system/custom.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

CustomCore::CustomCore(std::shared_ptr<const Shared> code,
                       Composition composition,
                       std::string name,
                       std::vector<CustomCut> whole)
    : Core(std::move(composition), std::move(name)),
      code_(std::move(code)),
      whole_(std::move(whole)) {}

const Core* CustomCore::without_adjoint() const noexcept {
  return is_normal_ || code_->functions.adjoint ? nullptr : this;
}

std::shared_ptr<const CustomCore> normal_core(const CustomCore& core) {
  auto made = std::make_shared<CustomCore>(
      core.code_, normal(Composition{core.signature(), core.inner()}), core.name());
  made->is_normal_ = true;
  made->normal_of_ = std::static_pointer_cast<const CustomCore>(core.shared_from_this());
  return made;
}

std::optional<Node> CustomCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr || transposes(mode) || is_normal_ || !code_->functions.normal) {
    return std::nullopt;
  }
  return Node{normal_core(*this), conjugates(mode) ? Mode::conj : Mode::forward, nullptr};
}

bool CustomCore::same(const Core& other) const {
  const auto& o = static_cast<const CustomCore&>(other);
  return code_ == o.code_ && is_normal_ == o.is_normal_ &&
         std::equal(whole_.begin(), whole_.end(), o.whole_.begin(), o.whole_.end(),
                    [](const CustomCut& a, const CustomCut& b) {
                      return a.dim == b.dim && a.first == b.first && a.count == b.count;
                    });
}

Tile CustomCore::cut(const TileRequest& request) const {
  if (request.is_whole()) return Core::cut(request);
  TileRequest own = request;
  if (!agree_on_kept(signature(), own)) return no_tile(own);
  std::vector<CustomCut> cuts;
  const auto collect = [&](const Side& side, const Slices& slices) {
    const Side terms = terms_of(side);
    for (size_t i = 0; i < terms.size(); ++i) {
      if (!slices[i]) continue;
      const std::string dim = terms[i].dim.text();
      const bool may = code_->split && !is_normal_ && terms[i].kind == Term::Kind::dim &&
                       std::find(code_->cuts.begin(), code_->cuts.end(), dim) != code_->cuts.end();
      if (!may) {
        refuse_cut(*this, terms[i],
                   fmt::format("give it split = function(tile) … end and cuts = \"{}\"", dim));
      }
      const bool is_known =
          std::any_of(cuts.begin(), cuts.end(), [&](const CustomCut& c) { return c.dim == dim; });
      if (is_known) continue;  // a kept dim, seen on the other side
      CustomCut made{dim, slices[i]->first, slices[i]->count};
      for (const CustomCut& w : whole_) {
        if (w.dim == dim) made.first += w.first;
      }
      cuts.push_back(std::move(made));
    }
  };
  collect(signature().input(), own.input);
  collect(signature().output(), own.output);
  if (!own.inner.empty()) {
    Term inner;
    inner.dim = own.inner.front().first;
    refuse_cut(*this, inner, "it has no inner dims");
  }
  for (const CustomCut& w : whole_) {
    const bool is_known =
        std::any_of(cuts.begin(), cuts.end(), [&](const CustomCut& c) { return c.dim == w.dim; });
    if (!is_known) cuts.push_back(w);
  }
  CustomPart part = code_->split(cuts);
  if (!part.functions.apply) {
    fail(Code::argument, label(), "split returned a part without apply");
  }
  auto code = std::make_shared<Shared>(*code_);
  code->functions = std::move(part.functions);
  const Signature sides =
      with_options(label(), cut_signature(signature(), own.input, own.output), {part.extent});
  return tile_of(std::make_shared<CustomCore>(std::move(code), Composition{sides, inner()}, name(),
                                              std::move(cuts)),
                 own);
}

void CustomCore::complete(Mode, const Shape& in, Shape& out) const {
  if (!is_normal_) return;
  for (int i = 0; i < out.ndim(); ++i) {
    const int at = in.find_base(out.dim(i).name);
    if (out.extent(i) == kUnknown && at >= 0) out = out.with_extent(i, in.extent(at));
  }
}

HostCall CustomCore::call(Mode mode) const {
  HostCall call;
  call.owner = label();
  call.conjugate = conjugates(mode) != transposes(mode);
  const CustomFunctions& f = code_->functions;
  if (is_normal_) {
    call.function = f.normal;
    call.role = "normal";
  } else if (transposes(mode)) {
    call.function = f.adjoint;
    call.role = "adjoint";
  } else {
    call.function = f.apply;
    call.role = "apply";
  }
  return call;
}

void CustomCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const Signature& own = signature(mode);
  const auto has_dots = [](const Side& side) {
    return std::any_of(side.begin(), side.end(),
                       [](const Term& t) { return t.kind == Term::Kind::ellipsis; });
  };
  // With "..." the functions take the batch dims as well.
  std::vector<int> batch_x, batch_y;
  if (!has_dots(own.input()) && !has_dots(own.output())) {
    const Places in = places(own.input(), own.is_open(), x.shape.ndim());
    const Places out = places(own.output(), own.is_open(), y.shape.ndim());
    for (int i = 0; i < in.batch_count; ++i) {
      batch_x.push_back(in.batch_first + i);
      batch_y.push_back(out.batch_first + i);
    }
  }
  if (!b.is_dry() && code_->check && !is_checked_) {
    auto input = host_layout(x, batch_x), output = host_layout(y, batch_y);
    if (transposes(mode)) std::swap(input, output);
    check_laws(input, output, x.dtype, b.context());
  }
  b.label(label_of(Node{shared_from_this(), mode, nullptr}),
          fmt::format("{} -> {}, host callback", x.shape.braced(), y.shape.braced()));
  b.add(host_step(call(mode), x, batch_x, y, batch_y, s));
}

Linop Custom(std::string_view text, CustomFunctions functions, const CustomOptions& options) {
  if (!functions.apply) {
    fail(Code::argument, "Custom", "apply is missing; give the function that applies the operator");
  }
  if (options.split == nullptr && !options.cuts.empty()) {
    fail(Code::argument, "Custom", "cuts without split; give split = function(tile) … end");
  }
  if (options.split != nullptr && options.cuts.empty()) {
    fail(Code::argument, "Custom", "split without cuts; give cuts = \"dims that may be cut\"");
  }
  const SignatureText parsed = parse_signature("Custom", text);
  const Signature sides = with_options(
      "Custom", parsed.is_one_sided ? Signature(parsed.side, parsed.side) : parsed.signature,
      options);
  for (const std::string& cut : options.cuts) {
    if (sides.has(Dim::parse(cut))) continue;
    std::vector<std::string> known;
    for (const Dim& d : sides.dims()) known.push_back(d.text());
    fail(Code::shape, "Custom", "cuts: no dim '{}' in \"{}\"{}", cut, sides.text(),
         did_you_mean(cut, known));
  }
  const auto code = std::make_shared<const CustomCore::Shared>(
      CustomCore::Shared{std::move(functions), options.field, options.is_real_linear, options.check,
                         options.cuts, options.split});
  return Linop(std::make_shared<CustomCore>(code, Composition{sides, {}}, options.name));
}

}  // namespace lunops
