using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>Host memory that is filled again and again, and its twin on the training device (on the CPU the two are one).</summary>
sealed unsafe class BatchBuffer<T> : IDisposable
    where T : unmanaged
{
    readonly Tensor _host;
    readonly Tensor _device;

    /// <param name="length">Elements.</param>
    /// <param name="type">The tensor type of <typeparamref name="T"/>.</param>
    /// <param name="device">Where the learner reads.</param>
    public BatchBuffer(long length, ScalarType type, Device device)
    {
        // Buffers outlive the scope of the step that happens to be open.
        var host = zeros([length], dtype: type).DetachFromDisposeScope();
        if (device.type != DeviceType.CPU)
        {
            _host = host.pin_memory().DetachFromDisposeScope();
            host.Dispose();
            _device = zeros([length], dtype: type, device: device).DetachFromDisposeScope();
        }
        else
        {
            _host = _device = host;
        }

        // Native memory does not move; the tensor that owns it is held for as long as the pointer is.
        Host = (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(_host.bytes));
    }

    /// <summary>Where to write.</summary>
    public T* Host { get; }

    /// <summary>A part of the twin on the device, as a tensor of its own.</summary>
    public Tensor View(long start, params long[] shape)
    {
        var length = shape.Aggregate(1L, (product, axis) => product * axis);
        return _device.narrow(0, start, length).view(shape).DetachFromDisposeScope();
    }

    /// <summary>Brings what was written to the device.</summary>
    public void Upload()
    {
        if (ReferenceEquals(_host, _device))
            return;
        using var scope = NewDisposeScope();
        _device.copy_(_host);
    }

    public void Dispose()
    {
        _device.Dispose();
        if (!ReferenceEquals(_host, _device))
            _host.Dispose();
    }
}
