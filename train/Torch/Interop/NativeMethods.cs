using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>The shim's exports, named as in <c>Native/*.cpp</c>.</summary>
/// <remarks>
/// SuppressGCTransition marks only reads of a field or two behind the pointer: they neither allocate, lock nor call back.
/// </remarks>
static unsafe partial class NativeMethods
{
    const string Lib = ShimLibrary.Name;

    static NativeMethods() => NativeLibrary.SetDllImportResolver(typeof(NativeMethods).Assembly, ShimLibrary.Resolve);

    // error.cpp
    [LibraryImport(Lib)] internal static partial IntPtr ofl_last_error();

    // dispatch.cpp
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)] internal static partial IntPtr ofl_find_operator(string name, string overload);
    [LibraryImport(Lib)] internal static partial int ofl_call(IntPtr op, NativeArgument* args, int count, NativeResult* results, int capacity);
    [LibraryImport(Lib)] internal static partial void ofl_take(NativeResult* results);

    // tensor.cpp
    [LibraryImport(Lib)] internal static partial void ofl_tensor_free(IntPtr t);
    [LibraryImport(Lib), SuppressGCTransition] internal static partial IntPtr ofl_tensor_alias(IntPtr t);
    [LibraryImport(Lib), SuppressGCTransition] internal static partial long ofl_tensor_dim(IntPtr t);
    [LibraryImport(Lib), SuppressGCTransition] internal static partial long ofl_tensor_numel(IntPtr t);
    [LibraryImport(Lib), SuppressGCTransition] internal static partial int ofl_tensor_dtype(IntPtr t);
    [LibraryImport(Lib), SuppressGCTransition] internal static partial long ofl_tensor_element_size(IntPtr t);
    [LibraryImport(Lib), SuppressGCTransition] internal static partial int ofl_tensor_shape(IntPtr t, long* sizes, long* strides);
    [LibraryImport(Lib), SuppressGCTransition] internal static partial int ofl_tensor_device(IntPtr t, out int index);
    [LibraryImport(Lib), SuppressGCTransition] internal static partial long ofl_tensor_storage_offset(IntPtr t);
    [LibraryImport(Lib), SuppressGCTransition] internal static partial int ofl_tensor_is_contiguous(IntPtr t);
    [LibraryImport(Lib)] internal static partial void* ofl_tensor_data(IntPtr t);
    [LibraryImport(Lib), SuppressGCTransition] internal static partial int ofl_tensor_shares_storage(IntPtr a, IntPtr b);

    // autograd.cpp
    [LibraryImport(Lib)] internal static partial int ofl_requires_grad(IntPtr t);
    [LibraryImport(Lib)] internal static partial int ofl_set_requires_grad(IntPtr t, int value);
    [LibraryImport(Lib)] internal static partial int ofl_is_leaf(IntPtr t);
    [LibraryImport(Lib)] internal static partial IntPtr ofl_grad(IntPtr t, out int status);
    [LibraryImport(Lib)] internal static partial int ofl_set_grad(IntPtr t, IntPtr grad);
    [LibraryImport(Lib)] internal static partial int ofl_backward(IntPtr* tensors, IntPtr* grads, int count, IntPtr* inputs, int inputCount, int retainGraph, int createGraph);
    [LibraryImport(Lib)] internal static partial int ofl_gradients(IntPtr* outputs, IntPtr* grads, int count, IntPtr* inputs, int inputCount, int retainGraph, int createGraph, int allowUnused, IntPtr* results);
    [LibraryImport(Lib), SuppressGCTransition] internal static partial int ofl_grad_enabled();
    [LibraryImport(Lib), SuppressGCTransition] internal static partial void ofl_set_grad_enabled(int enabled);
    [LibraryImport(Lib), SuppressGCTransition] internal static partial int ofl_inference_enabled();
    [LibraryImport(Lib)] internal static partial IntPtr ofl_inference_enter(int enabled);
    [LibraryImport(Lib)] internal static partial void ofl_inference_leave(IntPtr mode);

    // generator.cpp
    [LibraryImport(Lib)] internal static partial IntPtr ofl_generator_new(ulong seed, int deviceType, int deviceIndex);
    [LibraryImport(Lib)] internal static partial IntPtr ofl_generator_default();
    [LibraryImport(Lib)] internal static partial void ofl_generator_free(IntPtr generator);
    [LibraryImport(Lib)] internal static partial int ofl_generator_seed(IntPtr generator, ulong seed);
    [LibraryImport(Lib)] internal static partial ulong ofl_generator_current_seed(IntPtr generator);
    [LibraryImport(Lib)] internal static partial IntPtr ofl_generator_state(IntPtr generator);
    [LibraryImport(Lib)] internal static partial int ofl_generator_set_state(IntPtr generator, IntPtr state);

    // runtime.cpp
    [LibraryImport(Lib)] internal static partial int ofl_set_threads(int count);
    [LibraryImport(Lib)] internal static partial int ofl_threads();
    [LibraryImport(Lib)] internal static partial int ofl_describe(byte* buffer, int capacity);
    [LibraryImport(Lib)] internal static partial int ofl_cuda_device_count();
    [LibraryImport(Lib)] internal static partial int ofl_cuda_synchronize(int device);

    // adam.cpp
    [LibraryImport(Lib)] internal static partial int ofl_adam_step(IntPtr values, IntPtr gradients, IntPtr first, IntPtr second, long step, double rate, double beta1, double beta2, double eps, double decay, int decoupled, double maxNorm, int zeroGrad);

    // mlp.cpp
    [LibraryImport(Lib)] internal static partial IntPtr ofl_mlp(IntPtr input, IntPtr* layers, int count, int activation, int outputActivation, out long bytes);

    // clocks.cpp
    [LibraryImport(Lib)] internal static partial IntPtr ofl_clocks(long* sizes, int dimensions, IntPtr generator, out long bytes);

    // convolution.cpp
    [LibraryImport(Lib)] internal static partial IntPtr ofl_convolution(IntPtr input, IntPtr weight, IntPtr bias, long stride, int transposed, long moreRows, long moreColumns, int relu, out long bytes);

    // latent.cpp
    [LibraryImport(Lib)] internal static partial IntPtr ofl_gates(IntPtr sums, IntPtr memory, IntPtr scale, IntPtr shift, out long bytes);
    [LibraryImport(Lib)] internal static partial IntPtr ofl_draw(IntPtr heads, IntPtr clocks, long classes, double share, out long bytes);
    [LibraryImport(Lib)] internal static partial IntPtr ofl_two_hot_mean(IntPtr logits, double low, double high, out long bytes);
    [LibraryImport(Lib)] internal static partial IntPtr ofl_two_hot_loss(IntPtr logits, IntPtr targets, double low, double high, out long bytes);

    // rows.cpp
    [LibraryImport(Lib)] internal static partial IntPtr ofl_rows(int kind, IntPtr* inputs, double low, double high, out long bytes);

    // graph.cpp
    [LibraryImport(Lib), SuppressGCTransition] internal static partial int ofl_graphs_supported();
    [LibraryImport(Lib)] internal static partial IntPtr ofl_graphs_new(int device);
    [LibraryImport(Lib)] internal static partial void ofl_graphs_free(IntPtr stage);
    [LibraryImport(Lib)] internal static partial int ofl_graphs_enter(IntPtr stage);
    [LibraryImport(Lib)] internal static partial int ofl_graphs_leave(IntPtr stage);
    [LibraryImport(Lib)] internal static partial IntPtr ofl_graph_begin(IntPtr stage);
    [LibraryImport(Lib)] internal static partial int ofl_graph_end(IntPtr stage, IntPtr graph);
    [LibraryImport(Lib)] internal static partial void ofl_graph_abandon(IntPtr stage, IntPtr graph);
    [LibraryImport(Lib)] internal static partial int ofl_graph_replay(IntPtr graph);
    [LibraryImport(Lib)] internal static partial void ofl_graph_free(IntPtr graph);

    /// <summary>Throws what the shim caught, where <paramref name="status"/> says that it did.</summary>
    internal static void Check(int status, string operation)
    {
        if (status < 0) TorchThrow.Native(operation);
    }

    /// <summary>As <see cref="Check(int, string)"/>, for an export whose failure is a null pointer.</summary>
    internal static IntPtr Check(IntPtr result, string operation)
    {
        if (result == IntPtr.Zero) TorchThrow.Native(operation);
        return result;
    }
}
