// SPDX-License-Identifier: MIT
#include "runtime/io/ismrmrd.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/device/loader.hpp"
#include "runtime/io/axes.hpp"
#include "runtime/io/input.hpp"
#include "runtime/io/ismrmrd_file.hpp"
#include "runtime/io/shortening.hpp"

namespace lunops::io {
namespace {

using Head = AcquisitionHead;

const FilesModule& files_module() {
  static const auto* module = static_cast<const FilesModule*>(load_module("files"));
  return *module;
}

// Flag n of the standard is bit n - 1.
constexpr uint64_t flag(int n) { return uint64_t{1} << (n - 1); }
constexpr uint64_t kNoise = flag(19);
constexpr uint64_t kReverse = flag(22);
// Navigator, phase correction, feedback, dummy, surface coil correction and phase stabilisation
// readouts: their counters say line 0, so they would overwrite it.
constexpr uint64_t kExcluded =
    flag(23) | flag(24) | flag(26) | flag(27) | flag(28) | flag(29) | flag(30) | flag(31);

// A grid may have this many times the data that the file holds: zeros for lines not measured.
constexpr uint64_t kMaxSparsity = 4096;

// Longest readout whose oversampling is removed: its matrix takes 64 MiB.
constexpr int64_t kMaxShortened = 4096;

struct Counter {
  const char* name;
  uint16_t Head::*member;
};
constexpr std::array<Counter, 9> kCounters = {{{"kspace_encode_step_1", &Head::step_1},
                                               {"kspace_encode_step_2", &Head::step_2},
                                               {"average", &Head::average},
                                               {"slice", &Head::slice},
                                               {"contrast", &Head::contrast},
                                               {"phase", &Head::phase},
                                               {"repetition", &Head::repetition},
                                               {"set", &Head::set},
                                               {"segment", &Head::segment}}};

// Dims of a grid between coil and kz, slowest first.
constexpr std::array<Counter, 6> kGridDims = {{{"slice", &Head::slice},
                                               {"contrast", &Head::contrast},
                                               {"phase", &Head::phase},
                                               {"repetition", &Head::repetition},
                                               {"set", &Head::set},
                                               {"average", &Head::average}}};

int kept_samples(const Head& head) {
  return int{head.samples} - head.discard_pre - head.discard_post;
}

// Index of the k-space centre among the kept samples, after flipping.
int centre(const Head& head) {
  const int at = int{head.center_sample} - head.discard_pre;
  return (head.flags & kReverse) != 0 ? kept_samples(head) - 1 - at : at;
}

// Puts a file into the tensors of an Ismrmrd.
class Assembly : public AcquisitionSink {
 public:
  Assembly(const std::string& path, std::string as, bool shorten, bool only_heads, Context& context)
      : path_(path),
        as_(std::move(as)),
        shorten_(shorten),
        only_heads_(only_heads),
        context_(context) {
    if (!as_.empty() && as_ != "lines" && as_ != "grid" && as_ != "spokes") {
      fail(Code::argument, "read", "{}: as is '{}'; raw data is read as lines, grid or spokes",
           path, as_);
    }
    file_bytes_ = Input(path).bytes();
  }

  void header(std::string xml, IsmrmrdHeader header) override {
    out_.encoded = header.encoded;
    out_.recon = header.recon;
    out_.header_xml = std::move(xml);
    out_.header = std::move(header);
  }

  bool heads(const std::vector<Head>& heads) override {
    heads_ = heads;
    classify();
    choose_layout();
    if (only_heads_) return false;
    if (grid_) {
      out_.data = zeros(shape_, DType::c64, context_);
      out_.mask = zeros(mask_shape(), DType::boolean, context_);
    } else {
      out_.data = Tensor::empty(shape_, DType::c64, context_);
    }
    if (trajectory_dims_ > 0 && !grid_) {
      const int64_t columns = trajectory_dims_;
      k_.resize(static_cast<size_t>(readouts_ * samples_ * columns));
    }
    if (noise_samples_ > 0) {
      out_.noise = Tensor::empty(
          Shape({Dim::parse("coil"), Dim::parse("sample")}, {noise_channels_, noise_samples_}),
          DType::c64, context_);
    }
    return true;
  }

  void acquisition(int64_t number, const float* trajectory, const float* data) override {
    if (number % 256 == 0) context_.poll();
    const Head& head = heads_[static_cast<size_t>(number)];
    // Pairs of floats are what std::complex<float> is, by its definition.
    const auto* samples = reinterpret_cast<const c64*>(data);
    if ((head.flags & kNoise) != 0) {
      put_noise(head, samples);
    } else if ((head.flags & kExcluded) == 0) {
      put(head, trajectory, samples);
      ++next_;
    }
  }

  Ismrmrd finish() {
    if (!k_.empty()) finish_trajectory();
    if (duplicates_ > 0) {
      context_.warn("read",
                    fmt::format("{}: {} readouts went to a place of the grid that another one "
                                "had; the later one stands there",
                                path_, duplicates_));
    }
    return std::move(out_);
  }

  const Shape& shape() const { return shape_; }

 private:
  template <class... A>
  [[noreturn]] void stop(fmt::format_string<A...> text, A&&... args) const {
    fail(Code::format, "read", "{}: {}", path_, fmt::format(text, std::forward<A>(args)...));
  }

  void classify() {
    const Head* first = nullptr;
    Wide bytes = 0;
    for (size_t i = 0; i < heads_.size(); ++i) {
      const Head& head = heads_[i];
      bytes += Wide{head.samples} * head.channels * sizeof(c64) +
               Wide{head.samples} * head.trajectory_dims * sizeof(float);
      if (int{head.discard_pre} + head.discard_post > head.samples) {
        stop("acquisition {}: {} samples, of which {} + {} are to be discarded", i, head.samples,
             head.discard_pre, head.discard_post);
      }
      if ((head.flags & kNoise) != 0) {
        if (noise_samples_ > 0 && noise_channels_ != head.channels) {
          stop("acquisition {}: noise of {} coils after noise of {}", i, head.channels,
               noise_channels_);
        }
        noise_channels_ = head.channels;
        noise_samples_ += kept_samples(head);
        continue;
      }
      if ((head.flags & kExcluded) != 0) {
        ++out_.excluded;
        continue;
      }
      if (first == nullptr) first = &head;
      if (kept_samples(head) != kept_samples(*first) || head.channels != first->channels ||
          head.trajectory_dims != first->trajectory_dims) {
        stop(
            "acquisition {}: {} samples, {} coils, {} trajectory columns, the first has {}, {}, "
            "{}; "
            "readouts of different kinds do not fit one tensor",
            i, kept_samples(head), head.channels, head.trajectory_dims, kept_samples(*first),
            first->channels, first->trajectory_dims);
      }
      if (head.encoding_space != 0) {
        fail(Code::unsupported, "read",
             "{}: acquisition {} belongs to encoding space {}; the first one, 0, is read", path_, i,
             head.encoding_space);
      }
      out_.flags.push_back(head.flags);
      ++readouts_;
    }
    if (bytes > file_bytes_) {
      stop("file says {}, has {}; it is cut off or not what it seems", bytes_text(bytes),
           bytes_text(file_bytes_));
    }
    if (first == nullptr)
      stop("no imaging data: {} acquisitions, all noise or navigators", heads_.size());
    channels_ = first->channels;
    trajectory_dims_ = first->trajectory_dims;
    raw_samples_ = kept_samples(*first);
    for (const Counter& counter : kCounters) {
      std::vector<int64_t> values;
      for (const Head& head : heads_) {
        if ((head.flags & (kNoise | kExcluded)) == 0) values.push_back(head.*counter.member);
      }
      out_.index.emplace_back(counter.name, std::move(values));
    }
  }

  void choose_layout() {
    if (as_.empty()) as_ = trajectory_dims_ > 0 ? "spokes" : "lines";
    grid_ = as_ == "grid";
    choose_shortening();
    samples_ = shortening_.samples(static_cast<int>(raw_samples_));
    if (!grid_) {
      shape_ = Shape({Dim::parse("coil"), Dim::parse(as_ == "spokes" ? "spoke" : "readout"),
                      Dim::parse("sample")},
                     {channels_, readouts_, samples_});
      return;
    }
    const auto [nz, ny, nx] = out_.encoded;
    columns_ = shortening_.is_needed() ? out_.recon[2] : nx;
    std::vector<Dim> dims = {Dim::parse("coil")};
    std::vector<int64_t> extents = {channels_};
    const auto add = [&](const char* name, int64_t extent) {
      dims.push_back(Dim::parse(name));
      extents.push_back(extent);
    };
    Wide count = static_cast<Wide>(channels_);
    for (const Counter& counter : kGridDims) {
      int64_t most = 0;
      for (const Head& head : heads_) {
        if ((head.flags & (kNoise | kExcluded)) == 0)
          most = std::max<int64_t>(most, head.*counter.member);
      }
      grid_extents_.push_back(most + 1);
      count *= static_cast<Wide>(most + 1);
      if (most > 0) add(counter.name, most + 1);
    }
    if (nz > 1) add("kz", nz);
    add("ky", ny);
    add("kx", columns_);
    // Seven factors of at most 2^16 fit 128 bits, the plane would not on top of them.
    const Wide plane = static_cast<Wide>(nz) * static_cast<Wide>(ny) * static_cast<Wide>(columns_);
    const Wide limit = Wide{file_bytes_} * kMaxSparsity / sizeof(c64);
    if (plane == 0) stop("the encoded matrix is {} x {} x {}", nz, ny, nx);
    if (count > limit / plane) {
      // The product may not fit 128 bits; a double is exact enough to be told.
      stop("the header says a grid of {:.2g} numbers, the file has {}; read it as lines",
           static_cast<double>(count) * static_cast<double>(plane), bytes_text(file_bytes_));
    }
    shape_ = Shape(std::move(dims), std::move(extents));
  }

  void choose_shortening() {
    const int64_t n = out_.encoded[2];
    const int64_t m = out_.recon[2];
    shortening_ = Shortening();
    if (!shorten_ || m >= n || m <= 0) return;
    if (raw_samples_ != n) {
      fail(Code::unsupported, "read",
           "{}: oversampling is removed from readouts of the encoded length {}, these have {} "
           "samples",
           path_, n, raw_samples_);
    }
    if (n > kMaxShortened) {
      fail(Code::unsupported, "read",
           "{}: oversampling is removed from at most {} samples, these readouts have {}", path_,
           kMaxShortened, n);
    }
    shortening_ = Shortening(static_cast<int>(n), static_cast<int>(m));
  }

  // Dims of the data without coil and kx.
  Shape mask_shape() const {
    return Shape({shape_.dims().begin() + 1, shape_.dims().end() - 1},
                 {shape_.extents().begin() + 1, shape_.extents().end() - 1});
  }

  void put_noise(const Head& head, const c64* data) {
    const int n = kept_samples(head);
    c64* to = out_.noise->data_as<c64>() + noise_next_;
    for (int64_t coil = 0; coil < noise_channels_ && n > 0; ++coil) {
      std::memcpy(static_cast<void*>(to + coil * noise_samples_),
                  data + coil * head.samples + head.discard_pre,
                  static_cast<size_t>(n) * sizeof(c64));
    }
    noise_next_ += n;
  }

  // Where the first sample of coil 0 goes in the grid.
  int64_t grid_offset(const Head& head, int shift) {
    const auto [nz, ny, nx] = out_.encoded;
    int64_t at = 0;
    for (size_t i = 0; i < kGridDims.size(); ++i)
      at = at * grid_extents_[i] + head.*kGridDims[i].member;
    const auto row = [&](int64_t line, int64_t extent, int64_t centre_line, const char* name) {
      const int64_t place =
          extent > 1 ? line - (centre_line < 0 ? extent / 2 : centre_line) + extent / 2 : 0;
      if (place < 0 || place >= extent) {
        stop("{} is {}, which is outside the encoded matrix of {} with its centre at {}", name,
             line, extent, centre_line < 0 ? extent / 2 : centre_line);
      }
      return place;
    };
    at = at * nz + row(head.step_2, nz, out_.header.center[0], "kspace_encode_step_2");
    at = at * ny + row(head.step_1, ny, out_.header.center[1], "kspace_encode_step_1");
    bool& seen = out_.mask->data_as<bool>()[at];
    if (seen) ++duplicates_;
    seen = true;
    if (shift < 0 || shift + samples_ > columns_) {
      stop(
          "readout {} has {} samples around sample {}, which does not fit the encoded matrix of {}",
          next_, samples_, centre(head), nx);
    }
    return at * columns_ + shift;
  }

  void put(const Head& head, const float* trajectory, const c64* data) {
    const bool reverse = (head.flags & kReverse) != 0;
    const auto n = static_cast<int>(raw_samples_);
    int64_t offset = next_ * samples_;
    int64_t coil_step = readouts_ * samples_;
    if (grid_) {
      if (shortening_.is_needed() && centre(head) != n / 2) {
        stop(
            "readout {} has its centre at sample {}: oversampling is removed from complete echoes "
            "only",
            next_, centre(head));
      }
      const int64_t shift = shortening_.is_needed() ? 0 : columns_ / 2 - centre(head);
      offset = grid_offset(head, static_cast<int>(shift));
      coil_step = out_.data.count() / channels_;
    }
    line_.resize(static_cast<size_t>(n));
    for (int64_t coil = 0; coil < channels_ && n > 0; ++coil) {
      const c64* from = data + coil * head.samples + head.discard_pre;
      c64* to = out_.data.data_as<c64>() + coil * coil_step + offset;
      if (!reverse && !shortening_.is_needed()) {
        std::memcpy(static_cast<void*>(to), from, static_cast<size_t>(n) * sizeof(c64));
        continue;
      }
      std::copy(from, from + n, line_.begin());
      if (reverse) std::reverse(line_.begin(), line_.end());
      if (shortening_.is_needed()) {
        shortening_.apply(line_.data(), to);
      } else {
        std::copy(line_.begin(), line_.end(), to);
      }
    }
    if (!k_.empty())
      put_trajectory(trajectory + int64_t{head.discard_pre} * trajectory_dims_, reverse);
  }

  void put_trajectory(const float* from, bool reverse) {
    const auto columns = static_cast<int64_t>(trajectory_dims_);
    float* to = k_.data() + next_ * samples_ * columns;
    if (!shortening_.is_needed()) {
      for (int64_t j = 0; j < samples_; ++j) {
        const float* k = from + (reverse ? samples_ - 1 - j : j) * columns;
        std::copy(k, k + columns, to + j * columns);
      }
      return;
    }
    check_straight(from);
    // The samples that are left lie n/m raw ones apart, seen from the centre: between two raw ones
    // where n/m is no whole number, and then perhaps a part of a step beyond the last.
    const double step = static_cast<double>(raw_samples_) / static_cast<double>(samples_);
    for (int64_t j = 0; j < samples_; ++j) {
      double place =
          static_cast<double>(raw_samples_ / 2) + static_cast<double>(j - samples_ / 2) * step;
      if (reverse) place = static_cast<double>(raw_samples_ - 1) - place;
      const auto below =
          std::clamp<int64_t>(static_cast<int64_t>(std::floor(place)), 0, raw_samples_ - 2);
      const auto part = static_cast<float>(place - static_cast<double>(below));
      const float* k = from + below * columns;
      for (int64_t c = 0; c < columns; ++c) {
        to[j * columns + c] = k[c] + part * (k[columns + c] - k[c]);
      }
    }
  }

  // Leading columns that are positions.  The third one of a two-dimensional scan is no position.
  int64_t position_columns() const {
    return std::min<int64_t>(trajectory_dims_, out_.encoded[0] <= 1 ? 2 : 3);
  }

  // Shortening needs samples at equal steps along a line.
  void check_straight(const float* k) const {
    const auto columns = static_cast<int64_t>(trajectory_dims_);
    for (int64_t c = 0; c < position_columns(); ++c) {
      const double step = static_cast<double>(k[columns + c]) - static_cast<double>(k[c]);
      for (int64_t i = 1; i < raw_samples_; ++i) {
        const double expected = static_cast<double>(k[c]) + step * static_cast<double>(i);
        // f32 positions up to 512 cycles are exact to 3e-5; a hundredth of a step is no other line.
        if (std::fabs(static_cast<double>(k[i * columns + c]) - expected) >
            1e-2 * std::fabs(step) + 1e-4 * std::fabs(expected) + 1e-6) {
          fail(Code::unsupported, "read",
               "{}: readout {} is not a straight line at equal steps; oversampling cannot be "
               "removed",
               path_, next_);
        }
      }
    }
  }

  // Turns the collected columns x y z (weight) into "spoke sample d" with d = z y x in cycles.
  void finish_trajectory() {
    const auto columns = static_cast<size_t>(trajectory_dims_);
    const size_t points = k_.size() / columns;
    const auto largest = [&](size_t c) {
      float most = 0;
      for (size_t i = 0; i < points; ++i) {
        // NaN is passed on: the operator that uses the trajectory names it.
        const float k = std::fabs(k_[i * columns + c]);
        if (k > most) most = k;
      }
      return most;
    };
    if (columns > 4) stop("a trajectory of {} columns; x y z and a weight are known", columns);
    // A third column of a two-dimensional scan is the density weight, unless it is empty.
    auto dims = static_cast<size_t>(position_columns());
    size_t weight = columns == 4 ? 3 : 0;
    if (dims == 2 && columns > 2 && largest(2) != 0) weight = 2;
    if (dims == 3 && largest(2) == 0) dims = 2;
    decide_units(dims, largest);

    const auto [nz, ny, nx] = out_.encoded;
    const std::array<double, 3> matrix = {double(nx), double(ny), double(nz)};
    const std::array<double, 3> recon = {double(out_.recon[2]), double(out_.recon[1]),
                                         double(out_.recon[0])};
    Shape shape(
        {Dim::parse(as_ == "spokes" ? "spoke" : "readout"), Dim::parse("sample"), Dim::parse("d")},
        {readouts_, samples_, static_cast<int64_t>(dims)});
    out_.traj = Tensor::empty(shape, DType::f32, context_);
    auto* to = out_.traj->data_as<float>();
    for (size_t c = 0; c < dims; ++c) {
      double scale = out_.trajectory_units == "normalized" ? matrix[c] : 1.0;
      if (shortening_.is_needed() && recon[c] < matrix[c] && recon[c] > 0)
        scale *= recon[c] / matrix[c];
      for (size_t i = 0; i < points; ++i) {
        to[i * dims + (dims - 1 - c)] =
            static_cast<float>(static_cast<double>(k_[i * columns + c]) * scale);
      }
    }
    if (weight == 0) return;
    out_.weights = Tensor::empty(Shape({shape.dim(0), shape.dim(1)}, {readouts_, samples_}),
                                 DType::f32, context_);
    for (size_t i = 0; i < points; ++i)
      out_.weights->data_as<float>()[i] = k_[i * columns + weight];
  }

  template <class Largest>
  void decide_units(size_t dims, const Largest& largest) {
    // The standard does not fix the unit.  Positions end at half the matrix in cycles, at 0.5
    // normalised; the slack is for gradients that overshoot.
    bool is_normalized = true;
    bool is_cycles = true;
    for (size_t c = 0; c < dims; ++c) {
      const double most = largest(c);
      is_normalized = is_normalized && !(most > 0.51);
      is_cycles = is_cycles && !(most > 0.51 * static_cast<double>(out_.encoded[2 - c]));
    }
    if (!is_normalized && !is_cycles) {
      stop(
          "the trajectory reaches {:.4g} {:.4g}: neither normalised (0.5) nor cycles of the "
          "encoded "
          "matrix {} x {}",
          largest(0), dims > 1 ? largest(1) : 0.0F, out_.encoded[2], out_.encoded[1]);
    }
    out_.trajectory_units = is_normalized ? "normalized" : "cycles";
  }

  std::string path_, as_;
  bool shorten_, only_heads_;
  Context& context_;
  uint64_t file_bytes_ = 0;
  Ismrmrd out_;
  std::vector<Head> heads_;
  bool grid_ = false;
  Shape shape_;
  Shortening shortening_;
  int64_t readouts_ = 0, channels_ = 0, raw_samples_ = 0, samples_ = 0, trajectory_dims_ = 0;
  int64_t noise_channels_ = 0, noise_samples_ = 0, noise_next_ = 0;
  std::vector<int64_t> grid_extents_;
  int64_t columns_ = 0;  // of the grid: kx
  int64_t next_ = 0;     // imaging readouts put so far
  int64_t duplicates_ = 0;
  std::vector<c64> line_;
  std::vector<float> k_;  // spoke sample column, as in the file
};

Ismrmrd read_group(const std::string& path,
                   const std::string& group,
                   const std::string& as,
                   bool remove_oversampling,
                   Context& context) {
  Assembly assembly(path, as, remove_oversampling, false, context);
  files_module().read_ismrmrd(path, group, assembly);
  return assembly.finish();
}

}  // namespace

Ismrmrd read_ismrmrd(const std::string& path,
                     const std::string& as,
                     bool remove_oversampling,
                     Context& context) {
  return read_group(path, "dataset", as, remove_oversampling, context);
}

Tensor read_ismrmrd_tensor(const std::string& path, const ReadOptions& options, Context& context) {
  const std::string group = options.name.empty() ? "dataset" : options.name;
  const Shape asked = Shape::parse(options.dims);
  std::string as = options.as;
  if (as.empty() && asked.find("d") >= 0 && asked.find("coil") < 0) as = "traj";
  if (as.empty()) {
    as = asked.find("spoke") >= 0 ? "spokes" : asked.find("ky") >= 0 ? "grid" : "lines";
  }
  const bool wants_trajectory = as == "traj";
  Ismrmrd raw = read_group(path, group, wants_trajectory ? "spokes" : as, false, context);
  if (wants_trajectory && !raw.traj) {
    fail(Code::argument, "read", "{}: this file carries no trajectory", path);
  }
  const Tensor& x = wants_trajectory ? *raw.traj : raw.data;
  if (options.dims.empty()) return x;
  return x.with_shape(named_as(path, x.shape(), options.dims));
}

Probe probe_ismrmrd(const std::string& path) {
  Context context;
  Assembly assembly(path, "lines", false, true, context);
  files_module().read_ismrmrd(path, "dataset", assembly);
  Probe probe{"ismrmrd", "c64", assembly.shape(), 0};
  probe.bytes = static_cast<uint64_t>(probe.shape.count()) * sizeof(c64);
  return probe;
}

}  // namespace lunops::io
