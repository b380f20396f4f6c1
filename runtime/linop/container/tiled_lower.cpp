// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/container/tiled_parts.hpp"
#include "runtime/plan/builder.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

// The summands of a part, those of tiles within it included where they are added, not joined.
void collect_summands(const Node& node, std::vector<Product>& terms, Builder& b) {
  Product p = simple_product(node, b);
  const TiledCore* inner = p.factors.size() == 1 && p.factors.front().form == nullptr
                               ? as_tiled(p.factors.front())
                               : nullptr;
  if (inner == nullptr || !inner->is_sum()) {
    terms.push_back(std::move(p));
    return;
  }
  const size_t first = terms.size();
  for (const Node& child : inner->children()) {
    collect_summands(with_mode(child, p.factors.front().mode), terms, b);
  }
  for (size_t i = first; i < terms.size(); ++i) terms[i].scale *= p.scale;
}

}  // namespace

// The steps of one tiled operator.
class TiledCore::Lowering {
 public:
  Lowering(const TiledCore& core,
           Builder& b,
           Mode mode,
           const Operand& x,
           const Operand& y,
           const StepScale& s)
      : core_(core), b_(b), mode_(mode), x_(x), y_(y), scale_(s) {}

  void run();

 private:
  using Group = std::vector<const Part*>;

  const Slices& source(const Part& p) const { return transposes(mode_) ? p.output : p.input; }
  const Slices& target(const Part& p) const { return transposes(mode_) ? p.input : p.output; }
  Device device_of(const Part& p) const { return p.device.value_or(x_.device); }
  bool is_placed() const {
    return std::any_of(core_.parts_.begin(), core_.parts_.end(),
                       [&](const Part& p) { return !(device_of(p) == x_.device); });
  }

  void check_batch() const;
  Operand part_of(const Operand& o, const Side& side, const Slices& slices, const Ranges&) const;
  Operand source_of(const Part& p) const;
  Operand input_of(const Part& p);
  Operand result_of(const Part& p) const;
  void lower_part(const Part& p, const Operand& y, const StepScale& scale);
  // The lane of the next part on a device: as many as there are tiles in flight.
  int next_lane(Device device);
  void lower_sum(const Group& parts, const Operand& y, StepScale scale);
  void lower_tree(const Group& parts, const Operand& y, const StepScale& scale);
  void require_tree(const Group& parts) const;
  bool lower_before_leaves();
  void lower_group(const Group& group, bool is_first);
  void copy(const Operand& from, const Operand& to, const StepScale& scale);

  const TiledCore& core_;
  Builder& b_;
  const Mode mode_;
  const Operand &x_, &y_;
  const StepScale& scale_;
  // Slices of x on other devices: all of it, once for each device, and the one used last there.
  struct Upload {
    Device device;
    Slices slices;
    Ranges batch;
    bool is_whole;
    Operand operand;
  };
  std::vector<Upload> uploads_;
  std::vector<std::pair<Device, int>> started_;  // parts so far, by device
};

void TiledCore::Lowering::check_batch() const {
  for (const auto& [dim, extent] : core_.setup_.batch) {
    const int at = x_.shape.find_base(dim.name);
    if (at >= 0 && x_.shape.extent(at) == extent) continue;
    fail(Code::shape, "apply", "{} is cut along the batch dim '{}' = {} but was given {}",
         core_.label(), dim.text(), extent, x_.shape.braced());
  }
}

Operand TiledCore::Lowering::part_of(const Operand& o,
                                     const Side& side,
                                     const Slices& slices,
                                     const Ranges& batch) const {
  const Places at = places_of(core_.signature(), side, o.shape.ndim());
  Operand part = o;
  for (size_t i = 0; i < slices.size(); ++i) {
    if (slices[i]) part = slice(part, at.term[i], slices[i]->first, slices[i]->count);
  }
  for (const auto& [dim, stretch] : batch) {
    part = slice(part, o.shape.find_base(dim.name), stretch.first, stretch.count);
  }
  return part;
}

void TiledCore::Lowering::copy(const Operand& from, const Operand& to, const StepScale& scale) {
  if (from.device == to.device) {
    b_.label("Add", to.shape.braced());
  } else {
    b_.label("ToDevice", fmt::format("{} -> {}  {}", from.device.text(), to.device.text(),
                                     from.shape.braced()));
  }
  b_.copy(from, to, scale);
}

Operand TiledCore::Lowering::source_of(const Part& p) const {
  const Signature& own = core_.signature();
  return part_of(x_, transposes(mode_) ? own.output() : own.input(), source(p), p.batch);
}

// What a part works on, where it runs.
Operand TiledCore::Lowering::input_of(const Part& p) {
  const Operand part = source_of(p);
  const Device device = device_of(p);
  if (device == x_.device) return part;
  for (const Upload& u : uploads_) {
    if (u.device == device && u.slices == source(p) && u.batch == p.batch) return u.operand;
  }
  const bool is_whole = part.shape.count() == x_.shape.count();
  const Operand there = is_whole ? b_.shared_slot(part.shape, part.dtype, device)
                                 : b_.slot(part.shape, part.dtype, device);
  copy(part, there, {});
  // Of slices that differ only the last one is kept: more would fill the device with all of x.
  std::erase_if(uploads_, [&](const Upload& u) { return u.device == device && !u.is_whole; });
  uploads_.push_back({device, source(p), p.batch, is_whole, there});
  return there;
}

Operand TiledCore::Lowering::result_of(const Part& p) const {
  const Signature& own = core_.signature();
  return part_of(y_, transposes(mode_) ? own.input() : own.output(), target(p), p.batch);
}

int TiledCore::Lowering::next_lane(Device device) {
  if (device == x_.device) return -1;
  auto mine = std::find_if(started_.begin(), started_.end(),
                           [&](const auto& known) { return known.first == device; });
  if (mine == started_.end()) mine = started_.insert(mine, {device, 0});
  return mine->second++ % (1 + core_.options().prefetch);
}

void TiledCore::Lowering::lower_part(const Part& p, const Operand& y, const StepScale& scale) {
  if (core_.is_leaves()) {  // where the data are, as parts of their tile
    b_.lower(with_mode(p.op, mode_), source_of(p), y, scale);
    return;
  }
  const Builder::Tile tile(b_, p.text(), next_lane(device_of(p)));
  const Operand x = input_of(p);
  if (device_of(p) == y.device) {
    b_.lower(with_mode(p.op, mode_), x, y, scale);
    return;
  }
  // Joined: the result is made in the tile's own memory, and the link brings the caller's beta.
  const Operand there = b_.slot(y.shape, y.dtype, device_of(p));
  StepScale made = scale;
  made.beta = StepScale::Beta::zero;
  b_.lower(with_mode(p.op, mode_), x, there, made);
  copy(there, y, {1.0, false, scale.beta});
}

// Parts on one device that write one place.  Where they read one place as well they are a sum, of
// which R16 makes less (splitting.md §1).
void TiledCore::Lowering::lower_sum(const Group& parts, const Operand& y, StepScale scale) {
  const Part& one = *parts.front();
  const bool is_sum =
      parts.size() > 1 && std::all_of(parts.begin(), parts.end(),
                                      [&](const Part* p) { return source(*p) == source(one); });
  if (is_sum && b_.options().rewrite) {
    std::vector<Product> terms;
    for (const Part* p : parts) collect_summands(with_mode(p->op, mode_), terms, b_);
    if (join_normals(terms, source_of(one).shape, x_.dtype, b_)) {
      const Operand x = input_of(one);
      for (const Product& term : terms) {
        b_.lower(term, x, y, scale);
        scale = scale.accumulating();
      }
      return;
    }
  }
  for (const Part* p : parts) {
    lower_part(*p, y, scale);
    scale = scale.accumulating();
  }
}

// The caller's alpha and beta act once, on the root.
void TiledCore::Lowering::lower_tree(const Group& parts, const Operand& y, const StepScale& scale) {
  require_tree(parts);
  Group ordered = parts;
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Part* p, const Part* q) { return p->leaves.first < q->leaves.first; });
  std::vector<TreeSum::Entry> entries;
  for (const Part* p : ordered) {
    entries.push_back(
        {p->leaves, device_of(*p), [this, p](const Operand& into) { lower_part(*p, into, {}); }});
  }
  TreeSum(b_, std::move(entries)).write(y, scale);
}

// That tiles which write one place differ in the reduction dim alone.
void TiledCore::Lowering::require_tree(const Group& parts) const {
  const auto& tree = core_.setup_.tree;
  for (size_t k = 0; k < core_.setup_.axes.size(); ++k) {
    if (tree && tree->axis == k) continue;
    const bool is_one = std::all_of(parts.begin(), parts.end(), [&](const Part* p) {
      return p->index[k] == parts.front()->index[k];
    });
    if (is_one) continue;
    const std::string dim = core_.setup_.axes[k].dim.text();
    fail(Code::unsupported, "apply",
         "{} sums here over its tiles along '{}', in an order that depends on their sizes: its "
         "reduction dim is {}; leave '{}' whole, or plan the operator that is applied with "
         "deterministic = \"{}\"",
         core_.label(), dim,
         tree ? fmt::format("'{}'", core_.setup_.axes[tree->axis].dim.text()) : "none", dim, dim);
  }
}

// The number of the term of the sum's input that is the reduction dim; nothing if the product does
// not begin with a sum over it and a NUFFT before that.
static std::optional<int> summed_after_grids(const Product& p, Dim reduction) {
  if (p.factors.size() < 2 || p.factors[1].core->kind() != "NUFFT") return std::nullopt;
  const Node& sum = p.factors.front();
  if (sum.core->kind() != "Dense" || sum.form != nullptr) return std::nullopt;
  const Term term{Term::Kind::dim, reduction, 0};
  const Signature seen = signature_of(sum);
  const int at = find_term(terms_of(seen.input()), term);
  if (at < 0 || find_term(terms_of(seen.output()), term) >= 0) return std::nullopt;
  return at;
}

// Normals may become Toeplitz kernels with the maps attached, which take coil by coil no longer and
// hold no coil images: M1 measured at 1.03 of the default plan so, at 1.17 with the coils together.
bool sums_grids(const Node& node, const Node& leaf, Dim reduction) {
  const Product p = flatten(node, true), part = flatten(leaf, true);
  const auto is_nufft = [](const Node& n) { return n.core->kind() == "NUFFT"; };
  const std::optional<int> at = summed_after_grids(p, reduction);
  if (!at || find_sandwich(p.factors, is_nufft)) return false;
  // The dim comes from the input: names of inner dims may stand for others in the factors.
  const Term term{Term::Kind::dim, reduction, 0};
  if (find_term(terms_of(signature_of(node).input()), term) < 0) return false;
  const auto extent_in = [&](const Node& of) {
    const int here = find_term(terms_of(signature_of(of).input()), term);
    return here < 0 ? kUnknown
                    : terms_of(signature_of(of).input())[static_cast<size_t>(here)].extent;
  };
  return part.factors.size() == p.factors.size() && summed_after_grids(part, reduction) == at &&
         extent_in(part.factors.front()) == extent_in(leaf) && extent_in(leaf) != kUnknown;
}

// Where coils are gridded and then combined, they are gridded together, and only the sum is made of
// leaves: 2 to 2.5 times faster than leaf by leaf for 8 coils of M1, as NUFFTs share the weights of
// their points among the elements of a batch.  That is decided by the operator that was cut: tiles
// may lack terms of a sum, and would decide otherwise.  False: it is not of that form.
bool TiledCore::Lowering::lower_before_leaves() {
  const Setup::Tree& tree = *core_.setup_.tree;
  if (!(transposes(mode_) ? tree.sums_grids_transposed : tree.sums_grids)) return false;
  Product rest = flatten(with_mode(*tree.whole, mode_), true);
  const std::optional<int> reduced = summed_after_grids(rest, core_.setup_.axes.front().dim);
  if (!reduced) return false;
  const Node sum = rest.factors.front();
  std::vector<Node> leaves;
  for (const Part& p : core_.parts_) {
    leaves.push_back(flatten(with_mode(p.op, mode_), true).factors.front());
  }

  rest.factors.erase(rest.factors.begin());
  Shape made = x_.shape;
  for (size_t i = rest.factors.size(); i-- > 0;) made = output_of(rest.factors[i], made);
  if (!made.is_known()) return false;
  const Operand before = b_.slot(made, y_.dtype, x_.device);
  b_.lower(rest, x_, before, {});
  const Signature seen = signature_of(sum);
  const Places at = places_of(seen, seen.input(), made.ndim());
  std::vector<TreeSum::Entry> entries;
  int64_t first = 0;
  for (size_t i = 0; i < leaves.size(); ++i) {
    const auto k = static_cast<size_t>(*reduced);
    const int64_t count = terms_of(signature_of(leaves[i]).input())[k].extent;
    const Operand part = slice(before, at.term[k], first, count);
    first += count;
    entries.push_back({core_.parts_[i].leaves, x_.device,
                       [&, i, part](const Operand& into) { b_.lower(leaves[i], part, into, {}); }});
  }
  LUNOPS_ASSERT(first == made.extent(at.term[static_cast<size_t>(*reduced)]));
  TreeSum(b_, std::move(entries)).write(y_, scale_);
  return true;
}

// Parts that write one place.  Each device adds up its own; the base then adds these sums in the
// order in which their devices first occur, and only the first of all brings the caller's beta.
void TiledCore::Lowering::lower_group(const Group& group, bool is_first) {
  const Operand y = result_of(*group.front());
  const StepScale first = is_first ? scale_ : scale_.accumulating();
  if (core_.options().is_deterministic && !core_.is_leaves() && !is_plain(first)) {
    // The value first, rounded as it is on every device; the caller's alpha and beta act on that.
    lower_tree(group, y, first);
    return;
  }
  if (group.size() == 1) {
    lower_part(*group.front(), y, first);
    return;
  }
  if (core_.options().is_deterministic) {
    lower_tree(group, y, first);
    return;
  }
  std::vector<std::pair<Device, Group>> sums;
  for (const Part* p : group) {
    const auto mine = std::find_if(sums.begin(), sums.end(),
                                   [&](const auto& s) { return s.first == device_of(*p); });
    if (mine == sums.end()) {
      sums.push_back({device_of(*p), {p}});
    } else {
      mine->second.push_back(p);
    }
  }
  std::vector<Operand> results;
  for (const auto& [device, parts] : sums) {
    // The base writes the result itself only if nothing is to be added before.
    const bool is_result = device == y.device && results.empty();
    results.push_back(is_result ? y : b_.slot(y.shape, y.dtype, device));
    lower_sum(parts, results.back(), is_result ? first : StepScale{});
  }
  for (size_t i = 0; i < results.size(); ++i) {
    if (i == 0) {
      if (!(results[i].device == y.device)) copy(results[i], y, first);
      continue;
    }
    // Sums cross to the base side by side and are added there in order.
    Operand here = results[i];
    if (!(here.device == y.device)) {
      here = b_.slot(y.shape, y.dtype, y.device);
      copy(results[i], here, {});
    }
    copy(here, y, scale_.accumulating());
  }
}

void TiledCore::Lowering::run() {
  check_batch();
  const auto& options = core_.setup_.options;
  std::optional<Builder::Deterministic> deterministic;
  if (options->is_deterministic) deterministic.emplace(b_);
  if (core_.setup_.tree && core_.setup_.tree->is_moved) {
    const Setup::Tree& tree = *core_.setup_.tree;
    b_.rewrote("tiles", fmt::format("along {} moved to bounds of its leaves of {}",
                                    core_.setup_.axes[tree.axis].dim.text(), tree.leaves.size));
  }
  const bool reports = options->progress != nullptr && !core_.is_leaves();
  if (reports) b_.report_tiles({options, &options->progress});
  std::vector<Group> groups;  // by the place that they write
  bool are_disjoint = true;
  int64_t written = 0;
  for (const Part& p : core_.parts_) {
    Group* mine = nullptr;
    for (Group& group : groups) {
      const Part& w = *group.front();
      if (target(p) == target(w) && p.batch == w.batch) {
        mine = &group;
      } else {
        are_disjoint = are_disjoint && are_apart(target(p), p.batch, target(w), w.batch);
      }
    }
    if (mine != nullptr) {
      mine->push_back(&p);
      continue;
    }
    groups.push_back({&p});
    written += result_of(p).shape.count();
  }
  if (options->is_deterministic && !are_disjoint) {
    fail(Code::unsupported, "apply",
         "tiles of {} overlap in what they write, and their sums there depend on how it is cut; "
         "leave the dim whole, or drop deterministic",
         core_.label());
  }
  if (core_.is_leaves() && core_.setup_.tree->whole) {
    // Kernels give each index of a batch the same bits for every batch, so what is joined needs no
    // leaves.
    const bool is_joined = !is_added(core_.setup_.axes.front(), mode_);
    if (is_joined) {
      b_.lower(with_mode(*core_.setup_.tree->whole, mode_), x_, y_, scale_);
      return;
    }
    if (lower_before_leaves()) return;
  }
  // The first part at each place brings the caller's beta, unless places overlap or some are
  // written by none.
  const bool is_covered = are_disjoint && written == y_.shape.count();
  if (!is_covered) {
    b_.label(core_.label(), y_.shape.braced());
    b_.add(prepare_step(make_ref(y_), scale_));
  }
  if (are_disjoint && reports) {  // one after another, so that there is a between
    for (const Group& group : groups) lower_group(group, is_covered);
  } else if (are_disjoint) {
    b_.side_by_side(core_.workers_, groups.size(),
                    [&](size_t i) { lower_group(groups[i], is_covered); });
  } else if (is_placed()) {
    for (const Group& group : groups) lower_group(group, false);
  } else {
    for (const Part& p : core_.parts_) lower_part(p, result_of(p), scale_.accumulating());
  }
}

void TiledCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  Lowering(*this, b, mode, x, y, s).run();
}

// Re<v, A x> is the sum over the parts of Re<v[output], op(x[input])>; the weights are the tiles'.
std::vector<Pairing> TiledCore::pairings(Mode mode,
                                         const Tensor& x,
                                         const Tensor& v,
                                         Context& context) const {
  const Signature& own = signature();
  const auto part_of = [&](const Tensor& whole, const Side& side, const Slices& slices,
                           const Part& p) {
    const Places at = places_of(own, side, whole.ndim());
    Tensor part = whole;
    for (size_t i = 0; i < slices.size(); ++i) {
      if (slices[i]) part = part.slice(at.term[i], slices[i]->first, slices[i]->count);
    }
    for (const auto& [dim, stretch] : p.batch) {
      part = part.slice(whole.shape().find_base(dim.name), stretch.first, stretch.count);
    }
    return p.device ? part.to(*p.device, context) : part;
  };
  const bool is_transposed = transposes(mode);
  std::vector<Pairing> all;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& p = parts_[i];
    const auto on_side = [&](const Tensor& t, bool is_input) {
      return is_input ? part_of(t, own.input(), p.input, p) : part_of(t, own.output(), p.output, p);
    };
    all.push_back(
        {i, with_mode(p.op, mode), on_side(x, !is_transposed), on_side(v, is_transposed)});
  }
  return all;
}

}  // namespace lunops
