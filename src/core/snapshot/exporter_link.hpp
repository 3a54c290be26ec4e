// The keeper and the exporter talk over a socket pair of whole messages (SOCK_SEQPACKET). A message
// is its kind, one character, then text; fields are ended by '\n'.
#pragma once

#include <cstddef>

namespace elile::core {

// The exporter finds these descriptors open when it starts.
inline constexpr int kSegmentDescriptor = 3;
inline constexpr int kLinkDescriptor = 4;

// The keeper sends port, address, and "1" or "0" for whether the page shows texts of statements. It
// does so at start and after a reload.
inline constexpr char kConfigure = 'C';

// The keeper sends it before the first kConfigure and after each change of the file of users.
// Nobody may read before the first one. The fields are the file's absolute path, empty where
// everybody may read, and a number. It is 0, and the file's descriptor comes with it, when the file
// could be opened. Else it is the errno, or kNotRegular.
inline constexpr char kUsers = 'U';
inline constexpr int kNotRegular = -1;

// The exporter sends these while it serves.
inline constexpr char kAlive = 'A';    // log-ins denied and refused since it began
inline constexpr char kState = 'S';    // state in words, address where it listens or nothing
inline constexpr char kWarning = 'W';  // a line for the server log, a hint or nothing
inline constexpr char kNotice = 'N';   // the same, of level LOG

// The process that was to become the exporter sends what it could not do, and the error's number. A
// message of any other kind is from the dynamic linker: standard error is the socket until then.
inline constexpr char kStartFailed = 'F';

// The exporter sends why it cannot serve, in words, and the error's number or 0.
inline constexpr char kCannotServe = 'X';

// kStartFailed names one of these where there is no program to be had.
inline constexpr const char* kFindProgram = "find its program elile_optimize_exporter";
inline constexpr const char* kExecuteProgram = "execute its program elile_optimize_exporter";

// A start that fails ends with this exit code, the dynamic linker's failures too.
inline constexpr int kNotStarted = 127;

inline constexpr std::size_t kMostConfiguration = 4096;  // bytes
inline constexpr std::size_t kMostReport = 512;          // bytes, from the exporter

inline constexpr int kAliveEveryMs = 400;
inline constexpr int kHungAfterMs = 1600;    // without a message
inline constexpr int kStartWithinMs = 2000;  // until the first one

}  // namespace elile::core
