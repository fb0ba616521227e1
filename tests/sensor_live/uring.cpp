// io_uring without its library: one ring, an openat and a read.
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "technique.h"

namespace mailvigil::sensor {

namespace {

class Ring {
  public:
    explicit Ring(unsigned flags) {
        parameters_.flags = flags;
        parameters_.sq_thread_idle = 1000;
        fd_ = static_cast<int>(::syscall(SYS_io_uring_setup, 8, &parameters_));
        if (fd_ < 0) {
            return;
        }
        submissions_ =
            map(parameters_.sq_off.array + parameters_.sq_entries * 4, IORING_OFF_SQ_RING);
        completions_ =
            map(parameters_.cq_off.cqes + parameters_.cq_entries * unsigned{sizeof(io_uring_cqe)},
                IORING_OFF_CQ_RING);
        entries_ = reinterpret_cast<io_uring_sqe*>(
            map(parameters_.sq_entries * unsigned{sizeof(io_uring_sqe)}, IORING_OFF_SQES));
    }

    ~Ring() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    [[nodiscard]] bool works() const { return fd_ >= 0; }

    int run(const io_uring_sqe& entry) {
        unsigned& tail = at(submissions_, parameters_.sq_off.tail);
        const unsigned slot = tail & at(submissions_, parameters_.sq_off.ring_mask);
        entries_[slot] = entry;
        at(submissions_, parameters_.sq_off.array + slot * 4) = slot;
        __atomic_store_n(&tail, tail + 1, __ATOMIC_RELEASE);
        unsigned flags = IORING_ENTER_GETEVENTS;
        if ((parameters_.flags & IORING_SETUP_SQPOLL) != 0) {
            flags |= IORING_ENTER_SQ_WAKEUP;
        }
        ::syscall(SYS_io_uring_enter, fd_, 1, 1, flags, nullptr, 0);
        unsigned& head = at(completions_, parameters_.cq_off.head);
        const unsigned* ready = &at(completions_, parameters_.cq_off.tail);
        for (int i = 0; i < 1000 && __atomic_load_n(ready, __ATOMIC_ACQUIRE) == head; ++i) {
            ::usleep(1000);
        }
        io_uring_cqe done{};
        std::memcpy(&done,
                    completions_ + parameters_.cq_off.cqes +
                        (head & at(completions_, parameters_.cq_off.ring_mask)) * sizeof(done),
                    sizeof(done));
        __atomic_store_n(&head, head + 1, __ATOMIC_RELEASE);
        return done.res;
    }

  private:
    char* map(std::size_t size, std::uint64_t offset) const {
        void* at = ::mmap(nullptr,
                          size,
                          PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_POPULATE,
                          fd_,
                          static_cast<off_t>(offset));
        return static_cast<char*>(at);
    }

    static unsigned& at(char* base, std::size_t offset) {
        return *reinterpret_cast<unsigned*>(base + offset);
    }

    io_uring_params parameters_{};
    int fd_ = -1;
    char* submissions_ = nullptr;
    char* completions_ = nullptr;
    io_uring_sqe* entries_ = nullptr;
};

}  // namespace

bool uring_read(const char* path, unsigned setup_flags) {
    Ring ring(setup_flags);
    if (!ring.works()) {
        return false;
    }
    io_uring_sqe open{};
    open.opcode = IORING_OP_OPENAT;
    open.fd = AT_FDCWD;
    open.addr = reinterpret_cast<std::uint64_t>(path);
    open.open_flags = O_RDONLY;
    const int fd = ring.run(open);
    if (fd < 0) {
        return false;
    }
    std::array<char, 4096> bytes{};
    io_uring_sqe read{};
    read.opcode = IORING_OP_READ;
    read.fd = fd;
    read.addr = reinterpret_cast<std::uint64_t>(bytes.data());
    read.len = bytes.size();
    return ring.run(read) > 0;
}

}  // namespace mailvigil::sensor
