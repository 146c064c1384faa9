using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Where a tensor lives. Index -1 is "the current one".</summary>
    public class Device
    {
        /// <summary>From "cpu", "cuda" or "cuda:N".</summary>
        public Device(string description)
        {
            var parts = description.Split(':');
            var known = Enum.TryParse(parts[0], ignoreCase: true, out DeviceType parsed) && !char.IsDigit(description, 0);
            var number = -1;
            if (!known || parts.Length > 2 || (parts.Length == 2 && !int.TryParse(parts[1], out number)))
            {
                throw TorchThrow.BadArgument($"'{description}' is not a device; expected 'cpu', 'cuda' or 'cuda:N'.", nameof(description));
            }
            type = parsed;
            index = number;
        }

        public Device(DeviceType deviceType, int index = -1)
        {
            type = deviceType;
            this.index = index;
        }

        public DeviceType type { get; }

        public int index { get; }

        public override string ToString() =>
            type == DeviceType.CPU ? "cpu" : index == -1 ? Name : $"{Name}:{index}";

        string Name => type == DeviceType.CUDA ? "cuda" : "meta";

        public static implicit operator Device(string description) => new(description);
    }

    public static readonly Device CPU = new(DeviceType.CPU);

    /// <summary>The current CUDA device.</summary>
    /// <exception cref="OfflineRL.Torch.TorchUnavailableException">There is none.</exception>
    public static Device CUDA => InitializeDevice(new Device(DeviceType.CUDA));

    public static Device device(string description) => InitializeDevice(new Device(description));

    public static Device device(DeviceType deviceType, int index = -1) => InitializeDevice(new Device(deviceType, index));

    /// <summary>Returns the device, or the CPU for null, after making sure that it is there.</summary>
    /// <exception cref="OfflineRL.Torch.TorchUnavailableException">The device is not there.</exception>
    public static Device InitializeDevice(Device? device)
    {
        if (device is null) return CPU;
        if (device.type == DeviceType.CUDA && device.index >= cuda.device_count() | cuda.device_count() == 0)
        {
            throw TorchThrow.NoSuchDevice(device.ToString(), cuda.device_count());
        }
        return device;
    }

    public static ScalarType get_default_dtype() => ScalarType.Float32;

    public static class cuda
    {
        public static bool is_available() => device_count() > 0;

        public static int device_count() => NativeMethods.ofl_cuda_device_count();

        /// <summary>Waits until the device has done what was queued.</summary>
        public static void synchronize(Device? device = null) =>
            NativeMethods.Check(NativeMethods.ofl_cuda_synchronize(device?.index ?? -1), "cuda.synchronize");
    }

    public static int get_num_threads() => NativeMethods.ofl_threads();

    /// <summary>Sets the threads inside one operator, OpenBLAS's own pool included.</summary>
    public static void set_num_threads(int num) => NativeMethods.Check(NativeMethods.ofl_set_threads(num), nameof(set_num_threads));
}
