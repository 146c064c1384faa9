using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    internal static partial class Ops
    {
        internal static readonly Op To = new("_to_copy"), PinMemory = new("pin_memory");
    }

    public partial class Tensor
    {
        /// <summary>This tensor with another element type, a fresh alias where it has that type already.</summary>
        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(type, null, copy, disposeAfter, non_blocking);

        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(type, null, copy, disposeAfter, non_blocking);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(null, device, copy, disposeAfter, non_blocking);

        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(type, device, copy, disposeAfter, non_blocking);

        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(null, new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        public Tensor cpu() => to(CPU);

        public Tensor cuda(Device? device = null, bool non_blocking = false) => to(device ?? CUDA, non_blocking: non_blocking);

        public Tensor @float() => to_type(ScalarType.Float32);

        public Tensor @double() => to_type(ScalarType.Float64);

        public Tensor @long() => to_type(ScalarType.Int64);

        public Tensor @int() => to_type(ScalarType.Int32);

        public Tensor @bool() => to_type(ScalarType.Bool);

        public Tensor @byte() => to_type(ScalarType.Byte);

        public Tensor pin_memory() => Ops.PinMemory.Call(this);

        Tensor Convert(ScalarType? type, Device? device, bool copy, bool disposeAfter, bool nonBlocking)
        {
            if (device is not null)
            {
                HostReads.Add();
                InitializeDevice(device);
            }
            var moves = (type is { } t && t != dtype) || (device is not null && !IsOn(device));
            var result = moves || copy
                ? Ops.To.Call(this, type, Argument.None, device, Argument.None, nonBlocking)
                : alias();
            if (disposeAfter) Dispose();
            return result;
        }

        // "cuda" without an index is wherever the tensor is, if that is a GPU.
        internal bool IsOn(Device device)
        {
            var type = (DeviceType)NativeMethods.ofl_tensor_device(Handle, out var index);
            return type == device.type && (device.index == -1 || device.index == index || type == DeviceType.CPU);
        }
    }
}
