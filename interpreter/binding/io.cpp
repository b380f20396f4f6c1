// SPDX-License-Identifier: MIT
#include "runtime/io/io.hpp"

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/json.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

constexpr Field kDims =
    option("dims", Kind::dims, "the file's", "names of the axes, slowest first");
constexpr Field kAs = option(
    "as", Kind::text, "by name or dims", "cfl: traj, data; ISMRMRD: lines, grid, spokes, traj");

io::ReadOptions read_options(const Given& given) {
  io::ReadOptions options;
  for (const std::string& name : given.dims("dims"))
    options.dims += (options.dims.empty() ? "" : " ") + name;
  options.as = given.text("as").value_or("");
  options.name = given.text("name").value_or("");
  options.squeeze = given.boolean("squeeze", true);
  return options;
}

constexpr auto read = with_options(
    function(
        {.name = "io.read",
         .summary =
             "Reads a tensor from a npy, BART cfl or ISMRMRD file; the format is found by content.",
         .returns = "a tensor",
         .raises = {Code::file, Code::format, Code::shape, Code::not_built, Code::host_memory},
         .example = R"(local path = os.tmpname() .. ".npy"
lo.io.write(path, lo.arange("x=3", { dtype = "f32" }))
print(lo.io.read(path, { dims = "x" }):sum())  --> 3.0
os.remove(path))",
         .see = {"io.write", "io.probe", "io.raw"}},
        [](Context& context, std::string_view path, const Given& given) {
          return io::read(std::string(path), read_options(given), context);
        },
        param<TextArg>("path", "the file")),
    kDims,
    kAs,
    option("name", Kind::text, "dataset", "ISMRMRD: the group"),
    option("squeeze", Kind::boolean, "true", "cfl: drop axes of extent 1"));

io::WriteOptions write_options(const Given& given) {
  io::WriteOptions options;
  if (const Value* window = given.option("window")) {
    const Table& pair = *window->table();
    const auto low = pair.list.size() == 2 ? number_of(pair.list[0]) : std::nullopt;
    const auto high = pair.list.size() == 2 ? number_of(pair.list[1]) : std::nullopt;
    if (!low || !high) fail(Code::argument, "write", "option 'window' must be {{ low, high }}");
    options.window = {*low, *high};
  }
  options.percentile = given.number("percentile").value_or(options.percentile);
  options.part = given.text("part").value_or(options.part);
  options.depth = static_cast<int>(given.integer("depth").value_or(options.depth));
  if (const Value* axes = given.option("axes"))
    for (const auto& [dim, axis] : axes->table()->fields)
      if (const auto* name = axis.get<std::string>()) options.axes.emplace_back(dim, *name);
  return options;
}

constexpr auto write = with_options(
    function(
        {.name = "io.write",
         .summary =
             "Writes a tensor (.npy .cfl .png) or a table (.json), by extension, atomically.",
         .returns = "nothing",
         .raises = {Code::file, Code::argument, Code::shape, Code::dtype},
         .example = R"(local path = os.tmpname() .. ".json"
lo.io.write(path, { iterations = 3 })
print((io.open(path):read "a":gsub("\n", "")))  --> {  "iterations": 3}
os.remove(path))",
         .see = {"io.read", "json"}},
        [](Context& context, std::string_view path, const Value& value, const Given& given) {
          if (const auto* x = value.get<Tensor>()) {
            io::write(std::string(path), *x, write_options(given), context);
            return;
          }
          const bool is_json = path.size() > 5 && path.substr(path.size() - 5) == ".json";
          if (value.table() == nullptr || !is_json)
            fail(Code::argument, "write",
                 "a {} cannot be written to \"{}\"; tensors go to .npy .cfl .png, tables to .json",
                 value.type(), path);
          io::write_text(std::string(path), to_json(value) + "\n");
        },
        param<TextArg>("path", "the file"),
        param<ValueArg>("value", "a tensor or table")),
    option("window", Kind::table, "", "png: { low, high } of the grey scale"),
    option("percentile", Kind::number, "99.5", "png: white, without a window"),
    option("part", Kind::text, "abs", "png: abs phase real imag"),
    option("depth", Kind::integer, "8", "png: bits, 8 or 16"),
    option("axes", Kind::table, "", "cfl: the BART axis of dims with other names"));

Results failed(const Error& e) {
  Results results;
  results.values.emplace_back();
  results.values.emplace_back(std::string(e.what()));
  results.values.emplace_back(lunops::name_of(e.code()));
  return results;
}

Value probed(const io::Probe& probe) {
  Table table;
  table["format"] = probe.format;
  table["dtype"] = probe.dtype;
  table["shape"] = probe.shape;
  table["bytes"] = probe.bytes;
  return table;
}

constexpr auto probe = function(
    {.name = "io.probe",
     .summary = "Tells format, dims, dtype and bytes of a file without reading its data.",
     .returns = "a table {format, dtype, shape, bytes}; or nil, message, code",
     .example = "print((select(3, lo.io.probe \"/no/such/file\")))  --> file",
     .expected_failures = true},
    [](Context&, std::string_view path) {
      try {
        Results results;
        results.values.push_back(probed(io::probe(std::string(path))));
        return results;
      } catch (const Error& e) {
        return failed(e);
      }
    },
    param<TextArg>("path", "the file"));

Value matrix_of(const std::array<int64_t, 3>& zyx) {
  Table table;
  table["z"] = zyx[0];
  table["y"] = zyx[1];
  table["x"] = zyx[2];
  return table;
}
Value mm_of(const std::array<double, 3>& zyx) {
  Table table;
  table["z"] = zyx[0];
  table["y"] = zyx[1];
  table["x"] = zyx[2];
  return table;
}
Value list_of_numbers(const std::vector<double>& numbers) {
  Table list;
  for (const double n : numbers) list.list.emplace_back(n);
  return list;
}

Value header_of(const io::Ismrmrd& raw) {
  const io::IsmrmrdHeader& h = raw.header;
  const auto space = [](const std::array<int64_t, 3>& matrix, const std::array<double, 3>& mm) {
    Table table;
    table["matrix"] = matrix_of(matrix);
    table["field_of_view_mm"] = mm_of(mm);
    return Value(std::move(table));
  };
  Table encoding;
  encoding["encoded"] = space(raw.encoded, h.encoded_mm);
  encoding["recon"] = space(raw.recon, h.recon_mm);
  encoding["trajectory"] = h.trajectory;
  Table encodings;
  encodings.list.emplace_back(std::move(encoding));
  Table header;
  header["encoding"] = std::move(encodings);
  header["xml"] = raw.header_xml;
  header["channels"] = h.channels;
  header["field_strength_t"] = h.field_strength_t;
  header["resonance_hz"] = h.resonance_hz;
  header["relative_noise_bandwidth"] = h.relative_noise_bandwidth;
  header["tr_ms"] = list_of_numbers(h.tr_ms);
  header["te_ms"] = list_of_numbers(h.te_ms);
  header["ti_ms"] = list_of_numbers(h.ti_ms);
  header["flip_angle_deg"] = list_of_numbers(h.flip_angle_deg);
  return header;
}

Value raw_of(const io::Ismrmrd& raw) {
  Table table;
  table["data"] = raw.data;
  if (raw.traj) table["traj"] = *raw.traj;
  if (raw.noise) table["noise"] = *raw.noise;
  if (raw.weights) table["weights"] = *raw.weights;
  if (raw.mask) table["mask"] = *raw.mask;
  Table index;
  for (const auto& [name, counters] : raw.index) {
    Table list;
    for (const int64_t n : counters) list.list.emplace_back(n);
    index[name] = std::move(list);
  }
  table["index"] = std::move(index);
  Table flags;
  for (const uint64_t n : raw.flags) flags.list.emplace_back(n);
  table["flags"] = std::move(flags);
  table["excluded"] = raw.excluded;
  table["trajectory_units"] = raw.trajectory_units;
  table["header"] = header_of(raw);
  return table;
}

constexpr auto raw = with_options(
    function(
        {.name = "io.raw",
         .summary =
             "Reads the acquisitions of an ISMRMRD file with trajectory, counters and header.",
         .returns =
             "a table {data, traj, noise, weights, mask, index, flags, header, trajectory_units}",
         .raises = {Code::file, Code::format, Code::not_built, Code::host_memory},
         .example = "print(pcall(lo.io.raw, \"/no/such/file\"))  --> false	…",
         .see = {"io.read"}},
        [](Context& context, std::string_view path, const Given& given) {
          return raw_of(io::read_ismrmrd(std::string(path), given.text("as").value_or(""),
                                         given.boolean("remove_oversampling", false), context));
        },
        param<TextArg>("path", "the file")),
    option(
        "as", Kind::text, "spokes if there is a trajectory, else lines", "lines, grid or spokes"),
    option("remove_oversampling", Kind::boolean, "false", "cuts readouts to the recon matrix"));

constexpr Record kRecords[] = {exported<read>(), exported<write>(), exported<probe>(),
                               exported<raw>()};

}  // namespace

std::span<const Record> io_records() { return kRecords; }

}  // namespace lunops::lua
