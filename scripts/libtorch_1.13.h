// What the C++ part of gotch v0.9.1, which is written for libtorch 2.1, needs beside libtorch
// 1.13 to be compiled. scripts/libtorch has the compiler include it before that part.
//
// Some functions are newer than 1.13, and others have another signature there. Each becomes one
// that throws, which gotch turns into an ordinary error of the call. They all give an Absent, which
// passes for whatever the caller makes of the result. Capas calls none of them.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <tuple>

#include <ATen/autocast_mode.h>
#include <ATen/core/interned_strings.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/jit/passes/fixup_trace_scope_blocks.h>
#include <torch/csrc/jit/passes/normalize_ops.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>
#include <torch/torch.h>

namespace capas {

using Tensors = std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor>;

// The result of a function that libtorch lacks: a tensor, several of them, or a number. There is
// never one.
struct Absent : Tensors {
  operator at::Tensor() const { return {}; }
  operator at::ScalarType() const { return {}; }
  operator std::int64_t() const { return {}; }
};

template <class... Any> [[noreturn]] Absent absent(const char *name, const Any &...) {
  throw std::runtime_error(std::string(name) + " is not in libtorch 1.13");
}

} // namespace capas

// Functions that 1.13 does not know.
#define NEW(name)                                                                                                      \
  namespace torch {                                                                                                    \
  template <class... Any> capas::Absent name(Any &&...) { capas::absent(#name); }                                      \
  }

// Attention.
NEW(_efficient_attention_backward)
NEW(_fill_mem_eff_dropout_mask_)
NEW(_flash_attention_backward)
NEW(_fused_sdp_choice)
NEW(_scaled_dot_product_efficient_attention)
NEW(_scaled_dot_product_flash_attention_backward)
NEW(scaled_dot_product_attention)
// Normalisation, pooling, activations, recurrent layers.
NEW(_native_batch_norm_legit)
NEW(_native_batch_norm_legit_functional)
NEW(_native_batch_norm_legit_no_training)
NEW(_native_batch_norm_legit_no_training_out)
NEW(_native_batch_norm_legit_out)
NEW(_prelu_kernel)
NEW(_prelu_kernel_backward)
NEW(max_pool2d_backward)
NEW(max_pool2d_backward_out)
NEW(mkldnn_rnn_layer)
NEW(mkldnn_rnn_layer_backward)
NEW(mkldnn_rnn_layer_backward_out)
NEW(mkldnn_rnn_layer_out)
NEW(quantized_max_pool3d)
NEW(quantized_max_pool3d_out)
// Products of integers and of small floating-point numbers, sparse tensors.
NEW(_cslt_compress)
NEW(_cslt_sparse_mm)
NEW(_int_mm)
NEW(_int_mm_out)
NEW(_scaled_mm)
NEW(_scaled_mm_out)
NEW(_sparse_mask_projection_out)
NEW(_sparse_mm_reduce_impl)
NEW(_sparse_semi_structured_linear)
NEW(_to_sparse_bsc_out)
NEW(_to_sparse_bsr_out)
NEW(_to_sparse_csc_out)
NEW(_to_sparse_csr_out)
NEW(_to_sparse_out)
NEW(_to_sparse_semi_structured)
// Memory, indices, tracing.
NEW(_functional_assert_async)
NEW(_functional_sym_constrain_range)
NEW(_functional_sym_constrain_range_for_size)
NEW(_is_all_true)
NEW(_is_any_true)
NEW(_make_dep_token)
NEW(_propagate_xla_data)
NEW(_reshape_copy)
NEW(_test_check_tensor)
NEW(_test_functorch_fallback)
NEW(_test_functorch_fallback_out)
NEW(_unsafe_index)
NEW(_unsafe_index_put)
NEW(empty_permuted)
NEW(empty_permuted_out)
NEW(nonzero_static)
NEW(nonzero_static_out)
NEW(sym_constrain_range)
NEW(sym_constrain_range_for_size)
#undef NEW

// Functions of another signature, of which only the newer one is called.
namespace torch {
using capas::absent;
}
#define _ctc_loss_out(...) absent("_ctc_loss_out")
#define _lstm_mps(...) absent("_lstm_mps")
#define _lstm_mps_out(...) absent("_lstm_mps_out")
#define _nested_view_from_buffer(...) absent("_nested_view_from_buffer")
#define _nested_view_from_buffer_copy(...) absent("_nested_view_from_buffer_copy")
#define _nested_view_from_buffer_copy_out(...) absent("_nested_view_from_buffer_copy_out")
#define _scaled_dot_product_attention_math(...) absent("_scaled_dot_product_attention_math")
#define _sparse_coo_tensor_unsafe(...) absent("_sparse_coo_tensor_unsafe")
#define _sparse_coo_tensor_with_dims_and_tensors(...) absent("_sparse_coo_tensor_with_dims_and_tensors")
#define _sparse_coo_tensor_with_dims_and_tensors_out(...) absent("_sparse_coo_tensor_with_dims_and_tensors_out")
#define _to_dense_out(...) absent("_to_dense_out")
#define mkldnn_reorder_conv2d_weight(...) absent("mkldnn_reorder_conv2d_weight")
#define mkldnn_reorder_conv2d_weight_out(...) absent("mkldnn_reorder_conv2d_weight_out")
#define sparse_coo_tensor(...) absent("sparse_coo_tensor")
#define to_dense_backward(...) absent("to_dense_backward")

// Methods of another signature: one that every tensor has, whose argument throws.
#define ABSENT_METHOD(name) toType(capas::absent(name))
#define _sparse_mask_projection(...) ABSENT_METHOD("_sparse_mask_projection")
#define _to_dense(...) ABSENT_METHOD("_to_dense")
#define _to_sparse(...) ABSENT_METHOD("_to_sparse")
#define _to_sparse_bsc(...) ABSENT_METHOD("_to_sparse_bsc")
#define _to_sparse_bsr(...) ABSENT_METHOD("_to_sparse_bsr")
#define _to_sparse_csc(...) ABSENT_METHOD("_to_sparse_csc")
#define _to_sparse_csr(...) ABSENT_METHOD("_to_sparse_csr")
#define squeeze_(...) ABSENT_METHOD("squeeze_")
#define to_dense(...) ABSENT_METHOD("to_dense")
#define to_sparse(...) ABSENT_METHOD("to_sparse")
#define to_sparse_bsc(...) ABSENT_METHOD("to_sparse_bsc")
#define to_sparse_bsr(...) ABSENT_METHOD("to_sparse_bsr")
#define to_sparse_csc(...) ABSENT_METHOD("to_sparse_csc")
#define to_sparse_csr(...) ABSENT_METHOD("to_sparse_csr")

// Functions of which other overloads are called too: one overload more where the others are. In
// 1.13 the correction of a standard deviation is an integer.
namespace at {
using Dims = c10::optional<IntArrayRef>;
inline capas::Absent _sparse_mm(const Tensor &, const Tensor &, std::string) { capas::absent("_sparse_mm"); }
inline capas::Absent max_out(Tensor &, const Tensor &) { capas::absent("max_out of one tensor"); }
inline capas::Absent min_out(Tensor &, const Tensor &) { capas::absent("min_out of one tensor"); }
inline capas::Absent squeeze(const Tensor &, IntArrayRef) { capas::absent("squeeze of several dimensions"); }
inline capas::Absent squeeze_copy(const Tensor &, IntArrayRef) { capas::absent("squeeze_copy of several dimensions"); }
inline capas::Absent squeeze_copy_out(Tensor &, const Tensor &, IntArrayRef) { capas::absent("squeeze_copy_out"); }
inline capas::Absent std(const Tensor &, Dims, Scalar &, bool) { capas::absent("std with a correction"); }
inline capas::Absent std_out(Tensor &, const Tensor &, Dims, Scalar &, bool) { capas::absent("std_out"); }
inline capas::Absent std_mean(const Tensor &, Dims, Scalar &, bool) { capas::absent("std_mean"); }
inline capas::Absent std_mean_out(Tensor &, Tensor &, const Tensor &, Dims, Scalar &, bool) { capas::absent("std_mean_out"); }
inline capas::Absent var(const Tensor &, Dims, Scalar &, bool) { capas::absent("var with a correction"); }
inline capas::Absent var_out(Tensor &, const Tensor &, Dims, Scalar &, bool) { capas::absent("var_out"); }
inline capas::Absent var_mean(const Tensor &, Dims, Scalar &, bool) { capas::absent("var_mean"); }
inline capas::Absent var_mean_out(Tensor &, Tensor &, const Tensor &, Dims, Scalar &, bool) { capas::absent("var_mean_out"); }
} // namespace at
