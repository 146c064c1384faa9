using TorchSharp.Interop;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public long Dimensions => NativeMethods.ofl_tensor_dim(Handle);

        public long dim() => Dimensions;

        public long ndim => Dimensions;

        public long NumberOfElements => NativeMethods.ofl_tensor_numel(Handle);

        public long numel() => NumberOfElements;

        public long ElementSize => NativeMethods.ofl_tensor_element_size(Handle);

        public ScalarType dtype => (ScalarType)NativeMethods.ofl_tensor_dtype(Handle);

        public DeviceType device_type => (DeviceType)NativeMethods.ofl_tensor_device(Handle, out _);

        public int device_index
        {
            get
            {
                NativeMethods.ofl_tensor_device(Handle, out var index);
                return index;
            }
        }

        public Device device
        {
            get
            {
                var type = NativeMethods.ofl_tensor_device(Handle, out var index);
                return (DeviceType)type == DeviceType.CPU ? CPU : new Device((DeviceType)type, index);
            }
        }

        public bool is_cuda => device_type == DeviceType.CUDA;

        public bool is_cpu() => device_type == DeviceType.CPU;

        public bool is_floating_point() => torch.is_floating_point(dtype);

        public bool is_integral() => torch.is_integral(dtype);

        public bool is_leaf => NativeMethods.ofl_is_leaf(Handle) == 1;

        public bool is_contiguous() => NativeMethods.ofl_tensor_is_contiguous(Handle) == 1;

        public long storage_offset() => NativeMethods.ofl_tensor_storage_offset(Handle);

        public unsafe long[] shape
        {
            get
            {
                var sizes = new long[Dimensions];
                fixed (long* p = sizes) NativeMethods.Check(NativeMethods.ofl_tensor_shape(Handle, p, null), nameof(shape));
                GC.KeepAlive(this);
                return sizes;
            }
        }

        public long[] size() => shape;

        public long size(int dim)
        {
            var sizes = shape;
            return sizes[dim < 0 ? dim + sizes.Length : dim];
        }

        public unsafe long[] stride()
        {
            var strides = new long[Dimensions];
            fixed (long* p = strides) NativeMethods.Check(NativeMethods.ofl_tensor_shape(Handle, null, p), nameof(stride));
            GC.KeepAlive(this);
            return strides;
        }

        public long stride(int dim)
        {
            var strides = stride();
            return strides[dim < 0 ? dim + strides.Length : dim];
        }

        /// <summary>The elements of a contiguous tensor on the CPU, as bytes; writing to them writes to the tensor.</summary>
        public unsafe Span<byte> bytes
        {
            get
            {
                if (!is_cpu() || !is_contiguous())
                {
                    throw new InvalidOperationException(
                        $"bytes: {this} is {(is_cpu() ? "not contiguous" : "not on the CPU")}; call contiguous() or cpu() first.");
                }
                var count = checked((int)(NumberOfElements * ElementSize));
                return count == 0 ? [] : new Span<byte>(NativeMethods.ofl_tensor_data(Handle), count);
            }
            set
            {
                var target = bytes;
                if (value.Length != target.Length)
                {
                    throw new ArgumentException($"bytes: {value.Length} given for {this}, which has {target.Length}.");
                }
                value.CopyTo(target);
            }
        }

        /// <summary>The elements in row-major order, whatever the strides.</summary>
        /// <exception cref="ArgumentException">T is not the tensor's element type.</exception>
        public TensorAccessor<T> data<T>() where T : unmanaged => new(this);

        /// <summary>The only element, converted to T.</summary>
        public T item<T>() where T : unmanaged
        {
            if (NumberOfElements != 1) throw new InvalidOperationException($"item: {this} has {NumberOfElements} elements; expected one.");
            var scalar = ToScalar();
            object value = default(T) switch
            {
                float => scalar.ToSingle(),
                double => scalar.ToDouble(),
                long => scalar.ToInt64(),
                int => scalar.ToInt32(),
                byte => checked((byte)scalar.ToInt64()),
                bool => scalar.ToBoolean(),
                _ => throw new ArgumentException($"item: no conversion of {dtype} to {typeof(T).Name}."),
            };
            return (T)value;
        }

        public Scalar ToScalar() => Ops.LocalScalar.CallScalar(this);
    }

    static partial class Ops
    {
        internal static readonly Op LocalScalar = new("_local_scalar_dense");
    }
}

public static class TensorExtensionMethods
{
    public static float ToSingle(this torch.Tensor value) => value.ToScalar().ToSingle();

    public static double ToDouble(this torch.Tensor value) => value.ToScalar().ToDouble();

    public static int ToInt32(this torch.Tensor value) => value.ToScalar().ToInt32();

    public static long ToInt64(this torch.Tensor value) => value.ToScalar().ToInt64();

    public static bool ToBoolean(this torch.Tensor value) => value.ToScalar().ToBoolean();

    public static Modules.Parameter AsParameter(this torch.Tensor tensor, bool requires_grad = true) => new(tensor, requires_grad);
}
