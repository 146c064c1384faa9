using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A seeded source of random numbers on one device. Its whole state can be saved and restored.</summary>
    public class Generator : IDisposable
    {
        IntPtr _handle;

        public Generator(ulong seed = 0, Device? device = null)
        {
            this.device = InitializeDevice(device);
            _handle = NativeMethods.Check(
                NativeMethods.ofl_generator_new(seed, (int)this.device.type, this.device.index), "Generator");
        }

        Generator(IntPtr handle)
        {
            device = CPU;
            _handle = handle;
        }

        ~Generator() => Dispose(false);

        public Device device { get; }

        public IntPtr Handle => _handle != IntPtr.Zero ? _handle : throw new ObjectDisposedException(nameof(Generator));

        /// <summary>The process-wide generator of the CPU. Library code draws from generators of its own.</summary>
        public static Generator Default => new(NativeMethods.Check(NativeMethods.ofl_generator_default(), "Generator.Default"));

        /// <summary>The state as a tensor of bytes.</summary>
        public Tensor get_state()
        {
            var state = new Tensor(NativeMethods.Check(NativeMethods.ofl_generator_state(Handle), "Generator.get_state"));
            GC.KeepAlive(this);
            return state;
        }

        public void set_state(Tensor value)
        {
            NativeMethods.Check(NativeMethods.ofl_generator_set_state(Handle, value.Handle), "Generator.set_state");
            GC.KeepAlive(value);
            GC.KeepAlive(this);
        }

        public Generator manual_seed(long seed)
        {
            NativeMethods.Check(NativeMethods.ofl_generator_seed(Handle, unchecked((ulong)seed)), "Generator.manual_seed");
            return this;
        }

        public long initial_seed() => unchecked((long)NativeMethods.ofl_generator_current_seed(Handle));

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            var handle = Interlocked.Exchange(ref _handle, IntPtr.Zero);
            if (handle != IntPtr.Zero) NativeMethods.ofl_generator_free(handle);
        }
    }

    /// <summary>Seeds the default generator, which library code never draws from.</summary>
    public static Generator manual_seed(long seed) => Generator.Default.manual_seed(seed);
}
