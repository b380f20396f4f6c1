// SPDX-License-Identifier: MIT
// liblunops-files.so: ISMRMRD raw data by plain HDF5 calls.
//
// ISMRMRD::Dataset is not used: it opens files for writing, locks them, and adds groups to files
// that are not its own.  libismrmrd parses the XML header only.
//
// Counts, lengths and types are checked before they are used, and memory has a budget, so most
// damaged files are errors.  Not all: libhdf5 1.10 itself crashes on some (10 of 700 files with 1
// to 8 bytes changed, in H5HG_read), before it hands anything to a caller.  Reading runs in this
// process; files of strangers belong into a process of their own.
#include <hdf5.h>
#include <ismrmrd/xml.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <memory>
#include <utility>

#include "runtime/io/input.hpp"
#include "runtime/io/ismrmrd_file.hpp"

namespace lunops::io {
namespace {

constexpr hsize_t kBlock = 256;  // acquisitions read by one call
constexpr size_t kMaxXml = size_t{1} << 20;
constexpr int64_t kMinRecord = 16;  // bytes that one acquisition takes in a file at the very least

// An HDF5 identifier, closed by the function of its kind.
class Id {
 public:
  using Close = herr_t (*)(hid_t);
  Id(hid_t id, Close close) : id_(id), close_(close) {}
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  operator hid_t() const noexcept { return id_; }

 private:
  hid_t id_;
  Close close_;
};

// HDF5 prints its errors unless told not to, thread by thread; the host's setting is put back.
class QuietErrors {
 public:
  QuietErrors() {
    H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~QuietErrors() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

// Text of the innermost entry of HDF5's error stack.
std::string hdf5_reason() {
  std::string reason;
  const auto keep = [](unsigned, const H5E_error2_t* entry, void* text) -> herr_t {
    if (entry->desc != nullptr) *static_cast<std::string*>(text) = entry->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep, &reason);
  return reason.empty() ? "no reason given" : reason;
}

// Memory for data of variable length, whose lengths come from the file.  The budget is the file's
// own length, since such data is stored uncompressed: a length that claims more gets no memory.
class VariableMemory {
 public:
  explicit VariableMemory(size_t budget) : budget_(budget) {}
  ~VariableMemory() { clear(); }
  VariableMemory(const VariableMemory&) = delete;
  VariableMemory& operator=(const VariableMemory&) = delete;

  bool has_refused() const noexcept { return has_refused_; }

  void use(hid_t transfer) { H5Pset_vlen_mem_manager(transfer, allocate, this, release, this); }

  // Frees what one read took.
  void clear() noexcept {
    for (void* block : blocks_) std::free(block);
    blocks_.clear();
    used_ = 0;
    left_ = 0;
  }

 private:
  static void* allocate(size_t bytes, void* self) noexcept {
    return static_cast<VariableMemory*>(self)->take(bytes);
  }
  static void release(void*, void*) noexcept {}  // all at once, by clear()

  void* take(size_t bytes) noexcept {
    const size_t rounded = (bytes + 15) / 16 * 16;
    if (bytes > budget_ || used_ + rounded > budget_ + kPiece) {
      has_refused_ = true;
      return nullptr;
    }
    if (rounded > left_) {
      const size_t size = std::max(rounded, kPiece);
      void* block = std::malloc(size);
      if (block == nullptr) return nullptr;
      try {
        blocks_.push_back(block);
      } catch (const std::bad_alloc&) {
        std::free(block);
        return nullptr;
      }
      next_ = static_cast<std::byte*>(block);
      left_ = size;
    }
    void* taken = next_;
    next_ += rounded;
    left_ -= rounded;
    used_ += rounded;
    return taken;
  }

  static constexpr size_t kPiece = size_t{1} << 20;
  size_t budget_, used_ = 0, left_ = 0;
  bool has_refused_ = false;
  std::byte* next_ = nullptr;
  std::vector<void*> blocks_;
};

template <class... A>
[[noreturn]] void bad_file(const std::string& path, fmt::format_string<A...> text, A&&... args) {
  fail(Code::format, "read", "{}: {}", path, fmt::format(text, std::forward<A>(args)...));
}

// A link of this name that stays inside the file: soft and external links could name other files.
bool has_hard_link(hid_t file, const std::string& name) {
  H5L_info_t info{};
  return H5Lexists(file, name.c_str(), H5P_DEFAULT) > 0 &&
         H5Lget_info(file, name.c_str(), &info, H5P_DEFAULT) >= 0 && info.type == H5L_TYPE_HARD;
}

std::string root_names(hid_t file) {
  std::string names;
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* text) -> herr_t {
    auto& list = *static_cast<std::string*>(text);
    if (list.size() > 200) return 1;
    if (!list.empty()) list += ' ';
    list += std::string_view(name).substr(0, 80);
    return 0;
  };
  hsize_t at = 0;
  H5Literate(file, H5_INDEX_NAME, H5_ITER_NATIVE, &at, add, &names);
  return names.empty() ? "nothing" : names;
}

// Opens a dataset whose bytes lie in this file; returns the number of its elements.
hsize_t check_dataset(hid_t dataset, const std::string& path, const std::string& name) {
  if (dataset < 0) bad_file(path, "'{}' is not a dataset: {}", name, hdf5_reason());
  const Id creation(H5Dget_create_plist(dataset), H5Pclose);
  const H5D_layout_t layout = H5Pget_layout(creation);
  if (layout == H5D_VIRTUAL || (layout == H5D_CONTIGUOUS && H5Pget_external_count(creation) != 0)) {
    bad_file(path, "the data of '{}' lies in other files, which are not opened", name);
  }
  const Id space(H5Dget_space(dataset), H5Sclose);
  if (H5Sget_simple_extent_ndims(space) != 1) bad_file(path, "'{}' is not a list", name);
  hsize_t count = 0;
  H5Sget_simple_extent_dims(space, &count, nullptr);
  return count;
}

std::string read_xml(hid_t file, const std::string& path, const std::string& name, size_t length) {
  const Id dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (check_dataset(dataset, path, name) != 1) bad_file(path, "'{}' is not one text", name);
  const Id type(H5Dget_type(dataset), H5Tclose);
  if (H5Tget_class(type) != H5T_STRING) bad_file(path, "'{}' is not a text", name);
  if (H5Tis_variable_str(type) <= 0) {
    const size_t size = H5Tget_size(type);
    if (size > std::min(kMaxXml, length)) {
      bad_file(path, "'{}' says it has {}", name, bytes_text(size));
    }
    std::string text(size, '\0');
    if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()) < 0) {
      bad_file(path, "'{}' cannot be read: {}", name, hdf5_reason());
    }
    text.resize(std::min(text.find('\0'), text.size()));
    return text;
  }
  const Id memory_type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(memory_type, H5T_VARIABLE);
  H5Tset_cset(memory_type, H5Tget_cset(type));
  const Id transfer(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
  VariableMemory memory(std::min(kMaxXml, length));
  memory.use(transfer);
  char* text = nullptr;
  if (H5Dread(dataset, memory_type, H5S_ALL, H5S_ALL, transfer, &text) < 0 || text == nullptr) {
    if (memory.has_refused()) {
      bad_file(path, "'{}' says it has more than {}", name, bytes_text(std::min(kMaxXml, length)));
    }
    bad_file(path, "'{}' cannot be read: {}", name, hdf5_reason());
  }
  return text;
}

std::string name_of(ISMRMRD::TrajectoryType type) {
  switch (type) {
    case ISMRMRD::TrajectoryType::CARTESIAN:
      return "cartesian";
    case ISMRMRD::TrajectoryType::EPI:
      return "epi";
    case ISMRMRD::TrajectoryType::RADIAL:
      return "radial";
    case ISMRMRD::TrajectoryType::GOLDENANGLE:
      return "goldenangle";
    case ISMRMRD::TrajectoryType::SPIRAL:
      return "spiral";
    case ISMRMRD::TrajectoryType::OTHER:
      break;
  }
  return "other";
}

std::vector<double> list(const ISMRMRD::Optional<std::vector<float>>& values) {
  if (!values.has_value()) return {};
  return {values->begin(), values->end()};
}

IsmrmrdHeader parse_xml(const std::string& xml, const std::string& path, const std::string& name) {
  ISMRMRD::IsmrmrdHeader parsed;
  try {
    ISMRMRD::deserialize(xml.c_str(), parsed);
  } catch (const std::exception& error) {
    bad_file(path, "'{}' is not an ISMRMRD header: {}", name, error.what());
  }
  if (parsed.encoding.empty()) bad_file(path, "'{}' has no <encoding>", name);
  const ISMRMRD::Encoding& encoding = parsed.encoding.front();
  const auto sizes = [](const ISMRMRD::MatrixSize& m) {
    return std::array<int64_t, 3>{m.z, m.y, m.x};
  };
  const auto lengths = [](const ISMRMRD::FieldOfView_mm& f) {
    return std::array<double, 3>{f.z, f.y, f.x};
  };
  const auto center = [](const ISMRMRD::Optional<ISMRMRD::Limit>& limit) {
    return limit.has_value() ? int64_t{limit->center} : int64_t{-1};
  };
  IsmrmrdHeader header;
  header.encoded = sizes(encoding.encodedSpace.matrixSize);
  header.recon = sizes(encoding.reconSpace.matrixSize);
  header.encoded_mm = lengths(encoding.encodedSpace.fieldOfView_mm);
  header.recon_mm = lengths(encoding.reconSpace.fieldOfView_mm);
  const ISMRMRD::EncodingLimits& limits = encoding.encodingLimits;
  header.center = {center(limits.kspace_encoding_step_2), center(limits.kspace_encoding_step_1),
                   center(limits.kspace_encoding_step_0)};
  header.trajectory = name_of(encoding.trajectory);
  header.resonance_hz = static_cast<double>(parsed.experimentalConditions.H1resonanceFrequency_Hz);
  if (parsed.acquisitionSystemInformation.has_value()) {
    const auto& system = *parsed.acquisitionSystemInformation;
    header.field_strength_t = system.systemFieldStrength_T.value_or(0.0F);
    header.relative_noise_bandwidth = system.relativeReceiverNoiseBandwidth.value_or(0.0F);
    header.channels = system.receiverChannels.value_or(0);
  }
  if (parsed.sequenceParameters.has_value()) {
    header.tr_ms = list(parsed.sequenceParameters->TR);
    header.te_ms = list(parsed.sequenceParameters->TE);
    header.ti_ms = list(parsed.sequenceParameters->TI);
    header.flip_angle_deg = list(parsed.sequenceParameters->flipAngle_deg);
  }
  return header;
}

// Fails unless `type` has a member `name` of class `kind`.
void check_member(hid_t type,
                  const char* name,
                  H5T_class_t kind,
                  const std::string& path,
                  const std::string& dataset) {
  const int member = H5Tget_member_index(type, name);
  if (member < 0 || H5Tget_member_class(type, static_cast<unsigned>(member)) != kind) {
    bad_file(path, "'{}' is not a list of ISMRMRD acquisitions: member '{}' is {}", dataset, name,
             member < 0 ? "absent" : "of another type");
  }
}

// libhdf5 copies members by the offsets that the file gives, and checks none of them.
void check_layout(hid_t type, const std::string& path, const std::string& dataset) {
  const size_t size = H5Tget_size(type);
  const int members = H5Tget_nmembers(type);
  for (int i = 0; i < members; ++i) {
    const auto number = static_cast<unsigned>(i);
    const Id member(H5Tget_member_type(type, number), H5Tclose);
    const size_t offset = H5Tget_member_offset(type, number);
    if (offset > size || H5Tget_size(member) > size - offset) {
      bad_file(path, "'{}': member {} of its type stands at byte {} and takes {}, the type has {}",
               dataset, i + 1, offset, bytes_text(H5Tget_size(member)), bytes_text(size));
    }
    if (H5Tget_class(member) == H5T_COMPOUND) check_layout(member, path, dataset);
  }
}

hid_t member_type(hid_t type, const char* name) {
  return H5Tget_member_type(type, static_cast<unsigned>(H5Tget_member_index(type, name)));
}

struct Member {
  const char* name;
  size_t offset;
  hid_t type;
};

// The type of `AcquisitionHead` in memory: a compound of the members that are needed.
hid_t head_type(hid_t file_type, const std::string& path, const std::string& dataset) {
  const std::array<Member, 8> head = {
      {{"flags", HOFFSET(AcquisitionHead, flags), H5T_NATIVE_UINT64},
       {"number_of_samples", HOFFSET(AcquisitionHead, samples), H5T_NATIVE_UINT16},
       {"active_channels", HOFFSET(AcquisitionHead, channels), H5T_NATIVE_UINT16},
       {"discard_pre", HOFFSET(AcquisitionHead, discard_pre), H5T_NATIVE_UINT16},
       {"discard_post", HOFFSET(AcquisitionHead, discard_post), H5T_NATIVE_UINT16},
       {"center_sample", HOFFSET(AcquisitionHead, center_sample), H5T_NATIVE_UINT16},
       {"encoding_space_ref", HOFFSET(AcquisitionHead, encoding_space), H5T_NATIVE_UINT16},
       {"trajectory_dimensions", HOFFSET(AcquisitionHead, trajectory_dims), H5T_NATIVE_UINT16}}};
  // The counters are a compound of their own, and stand at the end of AcquisitionHead.
  constexpr size_t kFirst = HOFFSET(AcquisitionHead, step_1);
  const std::array<Member, 9> counters = {
      {{"kspace_encode_step_1", HOFFSET(AcquisitionHead, step_1) - kFirst, H5T_NATIVE_UINT16},
       {"kspace_encode_step_2", HOFFSET(AcquisitionHead, step_2) - kFirst, H5T_NATIVE_UINT16},
       {"average", HOFFSET(AcquisitionHead, average) - kFirst, H5T_NATIVE_UINT16},
       {"slice", HOFFSET(AcquisitionHead, slice) - kFirst, H5T_NATIVE_UINT16},
       {"contrast", HOFFSET(AcquisitionHead, contrast) - kFirst, H5T_NATIVE_UINT16},
       {"phase", HOFFSET(AcquisitionHead, phase) - kFirst, H5T_NATIVE_UINT16},
       {"repetition", HOFFSET(AcquisitionHead, repetition) - kFirst, H5T_NATIVE_UINT16},
       {"set", HOFFSET(AcquisitionHead, set) - kFirst, H5T_NATIVE_UINT16},
       {"segment", HOFFSET(AcquisitionHead, segment) - kFirst, H5T_NATIVE_UINT16}}};

  check_member(file_type, "sample_time_us", H5T_FLOAT, path, dataset);
  check_member(file_type, "idx", H5T_COMPOUND, path, dataset);
  const Id counters_file(member_type(file_type, "idx"), H5Tclose);
  const Id counters_memory(H5Tcreate(H5T_COMPOUND, sizeof(AcquisitionHead) - kFirst), H5Tclose);
  for (const Member& m : counters) {
    check_member(counters_file, m.name, H5T_INTEGER, path, dataset);
    H5Tinsert(counters_memory, m.name, m.offset, m.type);
  }
  for (const Member& m : head) check_member(file_type, m.name, H5T_INTEGER, path, dataset);
  const hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(AcquisitionHead));
  for (const Member& m : head) H5Tinsert(type, m.name, m.offset, m.type);
  H5Tinsert(type, "sample_time_us", HOFFSET(AcquisitionHead, sample_time_us), H5T_NATIVE_FLOAT);
  H5Tinsert(type, "idx", kFirst, counters_memory);
  return type;
}

void check_vlen_of_float(hid_t type,
                         const char* name,
                         const std::string& path,
                         const std::string& dataset) {
  check_member(type, name, H5T_VLEN, path, dataset);
  const Id member(member_type(type, name), H5Tclose);
  const Id base(H5Tget_super(member), H5Tclose);
  if (H5Tget_class(base) != H5T_FLOAT) {
    bad_file(path, "'{}': member '{}' does not hold floating-point numbers", dataset, name);
  }
}

class Acquisitions {
 public:
  Acquisitions(hid_t file, std::string path, std::string name, size_t length)
      : path_(std::move(path)),
        name_(std::move(name)),
        length_(length),
        dataset_(H5Dopen2(file, name_.c_str(), H5P_DEFAULT), H5Dclose),
        count_(check_dataset(dataset_, path_, name_)),
        type_(H5Dget_type(dataset_), H5Tclose) {
    if (H5Tget_class(type_) != H5T_COMPOUND) {
      bad_file(path_, "'{}' is not a list of ISMRMRD acquisitions", name_);
    }
    if (count_ > length / kMinRecord) {
      bad_file(path_, "'{}' says it has {} acquisitions, the file has {}", name_, count_,
               bytes_text(length));
    }
    check_layout(type_, path_, name_);
    check_member(type_, "head", H5T_COMPOUND, path_, name_);
    check_vlen_of_float(type_, "traj", path_, name_);
    check_vlen_of_float(type_, "data", path_, name_);
  }

  std::vector<AcquisitionHead> heads() {
    std::vector<AcquisitionHead> heads(count_);
    if (count_ == 0) return heads;
    const Id in_file(member_type(type_, "head"), H5Tclose);
    const Id in_memory(head_type(in_file, path_, name_), H5Tclose);
    const Id outer(H5Tcreate(H5T_COMPOUND, sizeof(AcquisitionHead)), H5Tclose);
    H5Tinsert(outer, "head", 0, in_memory);
    if (H5Dread(dataset_, outer, H5S_ALL, H5S_ALL, H5P_DEFAULT, heads.data()) < 0) {
      bad_file(path_, "'{}' cannot be read: {}", name_, hdf5_reason());
    }
    return heads;
  }

  void data(const std::vector<AcquisitionHead>& heads, AcquisitionSink& sink) {
    struct Record {
      hvl_t trajectory, data;
    };
    const Id floats(H5Tvlen_create(H5T_NATIVE_FLOAT), H5Tclose);
    const Id record(H5Tcreate(H5T_COMPOUND, sizeof(Record)), H5Tclose);
    H5Tinsert(record, "traj", HOFFSET(Record, trajectory), floats);
    H5Tinsert(record, "data", HOFFSET(Record, data), floats);
    const Id transfer(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
    VariableMemory memory(length_);
    memory.use(transfer);
    const Id file_space(H5Dget_space(dataset_), H5Sclose);
    std::vector<Record> records(static_cast<size_t>(std::min(kBlock, count_)));
    for (hsize_t first = 0; first < count_; first += kBlock) {
      const hsize_t n = std::min(kBlock, count_ - first);
      const Id memory_space(H5Screate_simple(1, &n, nullptr), H5Sclose);
      H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &first, nullptr, &n, nullptr);
      std::fill(records.begin(), records.end(), Record{});
      if (H5Dread(dataset_, record, memory_space, file_space, transfer, records.data()) < 0) {
        if (memory.has_refused()) {
          bad_file(path_, "acquisitions {} to {} say they have more than the {} of the file", first,
                   first + n - 1, bytes_text(length_));
        }
        bad_file(path_, "acquisitions {} to {} cannot be read: {}", first, first + n - 1,
                 hdf5_reason());
      }
      for (hsize_t i = 0; i < n; ++i) {
        const AcquisitionHead& head = heads[first + i];
        const Record& r = records[i];
        check_length(first + i, "data", r.data, size_t{head.samples} * head.channels * 2);
        check_length(first + i, "traj", r.trajectory, size_t{head.samples} * head.trajectory_dims);
        sink.acquisition(static_cast<int64_t>(first + i), static_cast<const float*>(r.trajectory.p),
                         static_cast<const float*>(r.data.p));
      }
      memory.clear();
    }
  }

 private:
  void check_length(hsize_t number, const char* what, const hvl_t& got, size_t expected) const {
    if (got.len != expected || (expected > 0 && got.p == nullptr)) {
      bad_file(path_, "acquisition {}: '{}' has {} numbers, its header says {}", number, what,
               got.len, expected);
    }
  }

  std::string path_, name_;
  size_t length_;
  Id dataset_;
  hsize_t count_;
  Id type_;
};

void read_ismrmrd_file(const std::string& path, const std::string& group, AcquisitionSink& sink) {
  const QuietErrors quiet;
  const size_t length =
      Input(path).bytes();  // a missing file is Error{file} with the system's reason
  const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  // Without a lock: files on read-only or network discs can be read, and nobody is kept from them.
  H5Pset_file_locking(access, false, true);
  const Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access), H5Fclose);
  if (file < 0) {
    bad_file(path, "HDF5 cannot open it: {}; it is cut off, damaged or not HDF5", hdf5_reason());
  }

  const std::string xml_name = group + "/xml";
  const std::string data_name = group + "/data";
  if (!has_hard_link(file, group) || !has_hard_link(file, data_name) ||
      !has_hard_link(file, xml_name)) {
    bad_file(path,
             "an HDF5 file, but not ISMRMRD raw data: it has no '{}' and '{}' of its own, it holds "
             "{}",
             xml_name, data_name, root_names(file));
  }
  std::string xml = read_xml(file, path, xml_name, length);
  IsmrmrdHeader header = parse_xml(xml, path, xml_name);
  sink.header(std::move(xml), std::move(header));
  Acquisitions acquisitions(file, path, data_name, length);
  const std::vector<AcquisitionHead> heads = acquisitions.heads();
  if (sink.heads(heads)) acquisitions.data(heads, sink);
}

constexpr FilesModule kModule = {read_ismrmrd_file};

}  // namespace
}  // namespace lunops::io

extern "C" __attribute__((visibility("default"))) const void* lunops_module(const char* build_id) {
  return std::string_view(build_id) == LUNOPS_BUILD_ID ? &lunops::io::kModule : nullptr;
}
