// SPDX-License-Identifier: MIT
// A driver that is none: the few functions that the CUDA runtime asks before it counts devices, with results from the
// environment.  Its file is called libcuda.so.1.
#include <stdlib.h>
#include <string.h>

static int from(const char* name, int otherwise) {
  const char* text = getenv(name);
  return text != NULL ? atoi(text) : otherwise;
}

int cuInit(unsigned flags) {
  (void)flags;
  return from("STAND_IN_INIT", 0);
}

int cuDriverGetVersion(int* version) {
  *version = from("STAND_IN_VERSION", 13000);
  return 0;
}

int cuDeviceGetCount(int* count) {
  *count = 0;
  return from("STAND_IN_COUNT", 0);
}

int cuGetExportTable(const void** table, const void* id) {
  (void)table;
  (void)id;
  return 500;
}

int cuGetProcAddress_v2(const char* symbol, void** f, int version, unsigned long long flags, int* status) {
  (void)version;
  (void)flags;
  *f = NULL;
  if (strcmp(symbol, "cuInit") == 0) *f = (void*)cuInit;
  if (strcmp(symbol, "cuDriverGetVersion") == 0) *f = (void*)cuDriverGetVersion;
  if (strcmp(symbol, "cuDeviceGetCount") == 0) *f = (void*)cuDeviceGetCount;
  if (strcmp(symbol, "cuGetExportTable") == 0) *f = (void*)cuGetExportTable;
  if (strcmp(symbol, "cuGetProcAddress") == 0) *f = (void*)cuGetProcAddress_v2;
  if (status != NULL) *status = *f != NULL ? 0 : 1;
  return *f != NULL ? 0 : 500;
}

int cuGetProcAddress(const char* symbol, void** f, int version, unsigned long long flags) {
  int status = 0;
  return cuGetProcAddress_v2(symbol, f, version, flags, &status);
}
