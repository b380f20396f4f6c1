// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/io/io.hpp"

namespace lunops::io {

// The interface of the module liblunops-files.so, which links HDF5 and libismrmrd so that liblunops
// need not.

// What is read of the header of each acquisition.
struct AcquisitionHead {
  uint64_t flags = 0;
  uint16_t samples = 0, channels = 0, discard_pre = 0, discard_post = 0, center_sample = 0;
  uint16_t encoding_space = 0, trajectory_dims = 0;
  float sample_time_us = 0;
  uint16_t step_1 = 0, step_2 = 0, average = 0, slice = 0, contrast = 0, phase = 0;
  uint16_t repetition = 0, set = 0, segment = 0;
};

// Receives a file in three parts, in this order.
class AcquisitionSink {
 public:
  virtual ~AcquisitionSink() = default;
  // xml: at most 1 MiB.
  virtual void header(std::string xml, IsmrmrdHeader header) = 0;
  // All heads; false: the data is not wanted.
  virtual bool heads(const std::vector<AcquisitionHead>& heads) = 0;
  // trajectory: samples x trajectory_dims, null if there are none.  data: channels x samples x 2.
  // The lengths have been compared with the head.
  virtual void acquisition(int64_t number, const float* trajectory, const float* data) = 0;
};

struct FilesModule {
  // Opens the file read-only and changes nothing.  Throws Error{file} or Error{format}.
  void (*read_ismrmrd)(const std::string& path, const std::string& group, AcquisitionSink& sink);
};

}  // namespace lunops::io
