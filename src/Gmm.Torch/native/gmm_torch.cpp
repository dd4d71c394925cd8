// A small C interface over libtorch, for the tensor engine in ../Tensors/Torch.fs.
//
// Every function returns null, or a text that says what went wrong; the text belongs to this library and lives until the
// next call on the same thread. It begins with "out of memory" where that is the trouble. No exception leaves.
// A tensor is a pointer to an at::Tensor, which the caller gives back with gmm_torch_free.

#include <ATen/ATen.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <string>

#if defined(_WIN32)
#define GMM_API extern "C" __declspec(dllexport)
#else
#define GMM_API extern "C" __attribute__((visibility("default")))
#endif

namespace {

// Raised whenever a function changes its arguments or its meaning.
constexpr std::int32_t abi = 1;

const char* failed(const char* prefix, const char* text) noexcept {
    thread_local std::string message;
    try {
        message = std::string(prefix) + text;
        return message.c_str();
    } catch (...) {
        return "out of memory";
    }
}

// Runs what may throw, and says what it threw.
template <typename Work>
const char* guarded(Work work) noexcept {
    try {
        work();
        return nullptr;
    } catch (const c10::OutOfMemoryError& error) {
        return failed("out of memory: ", error.what_without_backtrace());
    } catch (const c10::Error& error) {
        // libtorch's allocator for the CPU and some CUDA libraries say so in words only.
        const char* text = error.what_without_backtrace();
        const bool memory = std::string(text).find("can't allocate memory") != std::string::npos ||
                            std::string(text).find("out of memory") != std::string::npos;
        return failed(memory ? "out of memory: " : "", text);
    } catch (const std::bad_alloc& error) {
        return failed("out of memory: ", error.what());
    } catch (const std::exception& error) {
        return failed("", error.what());
    } catch (...) {
        return failed("", "an exception that is no std::exception");
    }
}

const at::Tensor& tensor(const void* handle) { return *static_cast<const at::Tensor*>(handle); }

template <typename Work>
const char* making(void** result, Work work) noexcept {
    return guarded([&] { *result = new at::Tensor(work()); });
}

// The nearest finite number of the type to a finite number; -1e305, the families' stand-in for minus infinity, has no
// float32 of its own, and an infinity times 0 would be NaN.
double saturated(double value, at::ScalarType type) {
    constexpr double largest = std::numeric_limits<float>::max();
    if (type != at::kFloat || !std::isfinite(value)) return value;
    return value > largest ? largest : value < -largest ? -largest : value;
}

at::Scalar scalar(double value, const at::Tensor& like) { return saturated(value, like.scalar_type()); }

}  // namespace

GMM_API std::int32_t gmm_torch_abi() { return abi; }

// The version of libtorch that this library was compiled for.
GMM_API const char* gmm_torch_version(const char** version) {
    *version = TORCH_VERSION;
    return nullptr;
}

// How many CUDA devices there are; 0 for a libtorch without CUDA.
GMM_API const char* gmm_torch_cuda_devices(std::int64_t* count) {
    return guarded([&] { *count = static_cast<std::int64_t>(torch::cuda::device_count()); });
}

// A tensor over float64 numbers, row by row. device is -1 for the CPU or the number of a CUDA device. float64 numbers on
// the CPU are used in place; otherwise they are copied. release(context) is called once, when they are needed no more,
// also after a failure.
GMM_API const char* gmm_torch_from(const double* values, const std::int64_t* shape, std::int64_t rank,
                                   std::int32_t is_float32, std::int64_t device, void (*release)(void*), void* context,
                                   void** result) {
    return making(result, [&]() -> at::Tensor {
        const std::shared_ptr<void> lender(context, release);
        const at::IntArrayRef sizes(shape, static_cast<std::size_t>(rank));
        const auto lent = [&] {
            return at::from_blob(const_cast<double*>(values), sizes, [lender](void*) {}, at::kDouble);
        };
        const auto single = [&] {
            at::Tensor copy = at::empty(sizes, at::kFloat);
            float* numbers = copy.data_ptr<float>();
            for (std::int64_t i = 0; i < copy.numel(); i++) {
                numbers[i] = static_cast<float>(saturated(values[i], at::kFloat));
            }
            return copy;
        };
        const at::Tensor here = is_float32 ? single() : lent();
        return device < 0 ? here : here.to(at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device)));
    });
}

// All numbers of a tensor, row by row, as float64.
GMM_API const char* gmm_torch_to(const void* a, double* values) {
    return guarded([&] { at::from_blob(values, tensor(a).sizes(), at::kDouble).copy_(tensor(a)); });
}

GMM_API void gmm_torch_free(void* a) {
    guarded([&] { delete static_cast<at::Tensor*>(a); });
}

// ── Element by element ──────────────────────────────────────────────────────────────────────────────────────────────

GMM_API const char* gmm_torch_add(const void* a, const void* b, void** result) {
    return making(result, [&] { return at::add(tensor(a), tensor(b)); });
}

GMM_API const char* gmm_torch_sub(const void* a, const void* b, void** result) {
    return making(result, [&] { return at::sub(tensor(a), tensor(b)); });
}

GMM_API const char* gmm_torch_mul(const void* a, const void* b, void** result) {
    return making(result, [&] { return at::mul(tensor(a), tensor(b)); });
}

GMM_API const char* gmm_torch_div(const void* a, const void* b, void** result) {
    return making(result, [&] { return at::div(tensor(a), tensor(b)); });
}

GMM_API const char* gmm_torch_eq(const void* a, const void* b, void** result) {
    return making(result, [&] { return at::eq(tensor(a), tensor(b)).to(tensor(a).scalar_type()); });
}

GMM_API const char* gmm_torch_lt(const void* a, const void* b, void** result) {
    return making(result, [&] { return at::lt(tensor(a), tensor(b)).to(tensor(a).scalar_type()); });
}

GMM_API const char* gmm_torch_add_scalar(const void* a, double b, void** result) {
    return making(result, [&] { return at::add(tensor(a), scalar(b, tensor(a))); });
}

GMM_API const char* gmm_torch_mul_scalar(const void* a, double b, void** result) {
    return making(result, [&] { return at::mul(tensor(a), scalar(b, tensor(a))); });
}

GMM_API const char* gmm_torch_clamp(const void* a, double low, void** result) {
    return making(result, [&] { return at::clamp_min(tensor(a), scalar(low, tensor(a))); });
}

GMM_API const char* gmm_torch_exp(const void* a, void** result) {
    return making(result, [&] { return at::exp(tensor(a)); });
}

GMM_API const char* gmm_torch_log(const void* a, void** result) {
    return making(result, [&] { return at::log(tensor(a)); });
}

// ── Along a dimension, and matrix products ──────────────────────────────────────────────────────────────────────────

GMM_API const char* gmm_torch_sum(const void* a, std::int64_t dim, void** result) {
    return making(result, [&] { return at::sum(tensor(a), at::IntArrayRef(&dim, 1)); });
}

GMM_API const char* gmm_torch_max(const void* a, std::int64_t dim, void** result) {
    return making(result, [&] { return at::amax(tensor(a), at::IntArrayRef(&dim, 1)); });
}

GMM_API const char* gmm_torch_argmax(const void* a, std::int64_t dim, void** result) {
    return making(result, [&] { return at::argmax(tensor(a), dim).to(tensor(a).scalar_type()); });
}

GMM_API const char* gmm_torch_matmul(const void* a, const void* b, void** result) {
    return making(result, [&] { return at::matmul(tensor(a), tensor(b)); });
}

// ── Shapes; without a copy where the layout allows ──────────────────────────────────────────────────────────────────

GMM_API const char* gmm_torch_transpose(const void* a, std::int64_t dim0, std::int64_t dim1, void** result) {
    return making(result, [&] { return at::transpose(tensor(a), dim0, dim1); });
}

GMM_API const char* gmm_torch_view(const void* a, const std::int64_t* shape, std::int64_t rank, void** result) {
    return making(result, [&] { return at::reshape(tensor(a), at::IntArrayRef(shape, static_cast<std::size_t>(rank))); });
}

GMM_API const char* gmm_torch_expand(const void* a, const std::int64_t* shape, std::int64_t rank, void** result) {
    return making(result, [&] { return tensor(a).expand(at::IntArrayRef(shape, static_cast<std::size_t>(rank))); });
}
