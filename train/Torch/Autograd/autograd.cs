using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public bool requires_grad
        {
            get => NativeMethods.ofl_requires_grad(Handle) == 1;
            set => NativeMethods.Check(NativeMethods.ofl_set_requires_grad(Handle, value ? 1 : 0), nameof(requires_grad));
        }

        public Tensor requires_grad_(bool requires_grad = true) => with_requires_grad(requires_grad);

        public Tensor with_requires_grad(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        /// <summary>The gradient as a fresh alias (changing it in place changes the gradient), or null.</summary>
        public Tensor? grad
        {
            get
            {
                var found = NativeMethods.ofl_grad(Handle, out var status);
                NativeMethods.Check(status, nameof(grad));
                GC.KeepAlive(this);
                return found == IntPtr.Zero ? null : new Tensor(found);
            }
            set
            {
                NativeMethods.Check(NativeMethods.ofl_set_grad(Handle, value?.Handle ?? IntPtr.Zero), nameof(grad));
                GC.KeepAlive(value);
                GC.KeepAlive(this);
            }
        }

        public void backward() => autograd.backward([this]);

        public void backward(IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);
    }

    public static unsafe class autograd
    {
        /// <summary>Adds d tensors / d leaf to the gradient of every leaf, or of the given inputs alone.</summary>
        public static void backward(IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null)
        {
            var outputs = Handles(tensors, tensors.Count);
            var seeds = Handles(grad_tensors, tensors.Count);
            var leaves = Handles(inputs, inputs?.Count ?? 0);
            fixed (IntPtr* o = outputs, s = seeds, l = leaves)
            {
                NativeMethods.Check(
                    NativeMethods.ofl_backward(o, s, outputs.Length, l, leaves.Length, (retain_graph ?? create_graph) ? 1 : 0, create_graph ? 1 : 0),
                    nameof(backward));
            }
            GC.KeepAlive(tensors);
            GC.KeepAlive(grad_tensors);
            GC.KeepAlive(inputs);
        }

        /// <summary>d outputs / d inputs as fresh tensors, leaving every .grad alone.</summary>
        public static IList<Tensor> grad(IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null, bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            var from = Handles(outputs, outputs.Count);
            var seeds = Handles(grad_outputs, outputs.Count);
            var to = Handles(inputs, inputs.Count);
            var found = new IntPtr[to.Length];
            fixed (IntPtr* o = from, s = seeds, i = to, r = found)
            {
                NativeMethods.Check(
                    NativeMethods.ofl_gradients(o, s, from.Length, i, to.Length, retain_graph || create_graph ? 1 : 0, create_graph ? 1 : 0, allow_unused ? 1 : 0, r),
                    "autograd.grad");
            }
            GC.KeepAlive(outputs);
            GC.KeepAlive(grad_outputs);
            GC.KeepAlive(inputs);
            return found.Select(handle => handle == IntPtr.Zero ? null! : new Tensor(handle)).ToArray();
        }

        static IntPtr[] Handles(IList<Tensor>? tensors, int count)
        {
            var handles = new IntPtr[count];
            for (var k = 0; k < Math.Min(count, tensors?.Count ?? 0); k++) handles[k] = tensors![k]?.Handle ?? IntPtr.Zero;
            return handles;
        }
    }

    public static IDisposable no_grad() => new AutoGradMode(false);

    public static IDisposable enable_grad(bool enabled = true) => new AutoGradMode(enabled);

    public static IDisposable set_grad_enabled(bool mode = true) => new AutoGradMode(mode);

    public static bool is_grad_enabled() => AutoGradMode.IsEnabled;

    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);

    public static bool is_inference_mode_enabled() => InferenceMode.IsEnabled;
}

/// <summary>Turns recording for autograd on or off on this thread until it is disposed of.</summary>
public class AutoGradMode : IDisposable
{
    readonly int _before;
    bool _restored;

    public AutoGradMode(bool enabled)
    {
        _before = NativeMethods.ofl_grad_enabled();
        NativeMethods.ofl_set_grad_enabled(enabled ? 1 : 0);
    }

    public static bool IsEnabled => NativeMethods.ofl_grad_enabled() == 1;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    // The mode belongs to a thread, so a finalizer could only restore it on the wrong one.
    public void Dispose(bool disposing)
    {
        if (_restored) return;
        _restored = true;
        NativeMethods.ofl_set_grad_enabled(_before);
    }
}

/// <summary>As no_grad, and tensors made inside can never join a graph; must be disposed of on the thread that made it.</summary>
public class InferenceMode : IDisposable
{
    IntPtr _mode;

    public InferenceMode(bool mode) => _mode = NativeMethods.Check(NativeMethods.ofl_inference_enter(mode ? 1 : 0), "inference_mode");

    public static bool IsEnabled => NativeMethods.ofl_inference_enabled() == 1;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    public void Dispose(bool disposing)
    {
        if (_mode != IntPtr.Zero) NativeMethods.ofl_inference_leave(_mode);
        _mode = IntPtr.Zero;
    }
}
