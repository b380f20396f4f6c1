// SPDX-License-Identifier: MIT
#include "runtime/linop/container/alike.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/container/wiring.hpp"
#include "runtime/linop/elementary/zero.hpp"

namespace lunops {

namespace {

// What a child sees of one side of its container: numbers of the container's terms by number of its
// own, and those that it takes as batch, in order.
struct Seen {
  std::vector<int> term, batch;
};

Seen see(const Signature& container, const Signature& child, bool is_input) {
  const std::vector<int> list = list_of(container, is_input);
  const Side& side = is_input ? child.input() : child.output();
  const Places at =
      places(side, child.is_open() || child.has_ellipsis(), static_cast<int>(list.size()));
  Seen seen;
  for (const int p : at.term) seen.term.push_back(list[static_cast<size_t>(p)]);
  for (int b = 0; b < at.batch_count; ++b) {
    seen.batch.push_back(list[static_cast<size_t>(at.batch_first + b)]);
  }
  return seen;
}

// False: the child has no part in the tile.
bool take_inner(const Core& container,
                const Node& child,
                const TileRequest& request,
                TileRequest& own) {
  const DimExtents there = composition_of(child).inner;
  for (const auto& [dim, stretch] : request.inner) {
    const auto named = [d = dim](const auto& known) { return known.first == d; };
    const auto at = std::find_if(there.begin(), there.end(), named);
    if (at == there.end()) {
      if (stretch.first > 0) return false;
      continue;
    }
    const auto first = std::find_if(container.inner().begin(), container.inner().end(), named);
    if (at->second != first->second) {
      fail(Code::shape, "split",
           "inner dim '{}' has extent {} in one part of {} but {} in {}; rename one of them",
           dim.text(), first->second, container.label(), at->second, label_of(child));
    }
    own.inner.emplace_back(dim, stretch);
  }
  return true;
}

}  // namespace

std::shared_ptr<Workers> workers_of(std::string_view operation, const WorkerOptions& options) {
  if (options.num_workers < 0 || options.num_workers > 4096) {
    fail(Code::argument, operation, "num_workers is {}; it is from 0, as many as pay, to 4096",
         options.num_workers);
  }
  auto workers = std::make_shared<Workers>();
  using Threaded = Workers::Threaded;
  if (options.threaded) workers->threaded = *options.threaded ? Threaded::on : Threaded::off;
  workers->count = static_cast<int>(options.num_workers);
  return workers;
}

DimExtents inner_of(const std::vector<Node>& children) {
  DimExtents all;
  for (const Node& child : children) {
    for (const auto& [dim, extent] : composition_of(child).inner) {
      const auto known =
          std::find_if(all.begin(), all.end(), [d = dim](const auto& k) { return k.first == d; });
      if (known == all.end()) {
        all.emplace_back(dim, extent);
      } else if (known->second == kUnknown) {
        known->second = extent;
      }
    }
  }
  return all;
}

Signature unified(std::string_view operation,
                  const std::vector<Signature>& signatures,
                  const std::vector<Node>& children) {
  try {
    Signature sum = signatures.front();
    for (size_t i = 1; i < signatures.size(); ++i) {
      sum = add(sum, label_of(children[i - 1]), signatures[i], label_of(children[i]));
    }
    return sum;
  } catch (const Error& e) {
    throw Error(e.code(), std::string(operation), e.message());
  }
}

Node zero_part(const Signature& signature) {
  return {make_zero(signature), Mode::forward, nullptr};
}

std::optional<Tile> cut_alike(const Core& container,
                              const Node& child,
                              const TileRequest& request,
                              const Signature* child_signature) {
  const Signature& outer = child_signature == nullptr ? container.signature() : *child_signature;
  const Signature sig = signature_of(child);
  const Seen in = see(outer, sig, true), out = see(outer, sig, false);
  TileRequest own;
  for (const int t : in.term) own.input.push_back(request.input[static_cast<size_t>(t)]);
  for (const int t : out.term) own.output.push_back(request.output[static_cast<size_t>(t)]);
  if (!take_inner(container, child, request, own)) return std::nullopt;

  Tile made;
  made.input.resize(request.input.size());
  made.output.resize(request.output.size());
  for (size_t b = 0; b < in.batch.size(); ++b) {
    if (in.batch[b] == kRestWire) continue;
    const auto i = static_cast<size_t>(in.batch[b]), j = static_cast<size_t>(out.batch[b]);
    std::optional<Stretch> both = request.input[i];
    if (request.output[j])
      both = both ? intersection(*both, *request.output[j]) : request.output[j];
    if (both && both->count == 0) return std::nullopt;
    made.input[i] = made.output[j] = both;
  }
  const Tile tile = cut(child, own);
  if (!tile.op) return std::nullopt;
  made.op = tile.op;
  for (size_t k = 0; k < in.term.size(); ++k) {
    made.input[static_cast<size_t>(in.term[k])] = tile.input[k];
  }
  for (size_t k = 0; k < out.term.size(); ++k) {
    made.output[static_cast<size_t>(out.term[k])] = tile.output[k];
  }
  return made;
}

std::pair<Slices, Slices> common_slices(const std::vector<Tile>& tiles,
                                        const TileRequest& request) {
  const bool are_equal = std::all_of(tiles.begin(), tiles.end(), [&](const Tile& t) {
    return t.input == tiles.front().input && t.output == tiles.front().output;
  });
  if (are_equal) return {tiles.front().input, tiles.front().output};
  return {request.input, request.output};
}

}  // namespace lunops
