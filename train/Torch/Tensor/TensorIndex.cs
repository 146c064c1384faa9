using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One entry between the brackets of an indexed tensor.</summary>
    public struct TensorIndex
    {
        internal enum Kind
        {
            Single,
            Null,
            Ellipsis,
            Tensor,
            Slice,
        }

        internal Kind kind;
        internal long? start;
        internal long? stop;
        internal long? step;
        internal Tensor? tensor;

        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new() { kind = Kind.Slice, start = start, stop = stop, step = step };

        public static TensorIndex Single(long? index) => new() { kind = Kind.Single, start = index };

        public static TensorIndex Tensor(Tensor tensor) => new() { kind = Kind.Tensor, tensor = tensor };

        public static readonly TensorIndex Ellipsis = new() { kind = Kind.Ellipsis };

        /// <summary>A new axis of length 1.</summary>
        public static readonly TensorIndex Null = new() { kind = Kind.Null };

        public static readonly TensorIndex Colon = Slice();

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex(Range range) => Slice(Signed(range.Start), range.End.Equals(Index.End) ? null : Signed(range.End));

        public static implicit operator TensorIndex(Index index) => Single(Signed(index));

        static long Signed(Index index) => index.IsFromEnd ? -index.Value : index.Value;
    }

    public partial class Tensor
    {
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[params Tensor[] indices]
        {
            get => Ops.Index.Call(this, Argument.OptionalTensors(indices));
            set => Ops.IndexPutIn.Run(this, Argument.OptionalTensors(indices), value);
        }

        public Tensor this[long i1]
        {
            get => index(i1);
            set => index_put_(value, i1);
        }

        public Tensor this[long i1, long i2]
        {
            get => index(i1, i2);
            set => index_put_(value, i1, i2);
        }

        public Tensor index(params TensorIndex[] indices)
        {
            var (view, tensors) = Basic(indices);
            return tensors is null ? view : Ops.Index.Call(view, Argument.OptionalTensors(tensors));
        }

        public Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            var (view, tensors) = Basic(indices);
            if (tensors is null) Ops.Copy.Run(view, value);
            else Ops.IndexPutIn.Run(view, Argument.OptionalTensors(tensors), value);
            return alias();
        }

        // Integers, slices, new axes and the ellipsis become views; what tensors are left index the view's axes in place.
        (Tensor View, Tensor?[]? Tensors) Basic(TensorIndex[] indices)
        {
            var view = alias();
            var tensors = new List<Tensor?>();
            long axis = 0, takenByMasks = 0;
            for (var k = 0; k < indices.Length; k++)
            {
                var entry = indices[k];
                switch (entry.kind)
                {
                    case TensorIndex.Kind.Single:
                        Narrow(ref view, view.select(axis, entry.start!.Value));
                        break;
                    case TensorIndex.Kind.Slice:
                        Narrow(ref view, Ops.Slice.Call(view, axis++, entry.start, entry.stop, entry.step ?? 1));
                        break;
                    case TensorIndex.Kind.Null:
                        Narrow(ref view, view.unsqueeze(axis++));
                        break;
                    case TensorIndex.Kind.Ellipsis:
                        axis = view.ndim - indices[(k + 1)..].Sum(AxesOf);
                        break;
                    default:
                        while (tensors.Count < axis - takenByMasks) tensors.Add(null);
                        tensors.Add(entry.tensor!);
                        axis += AxesOf(entry);
                        takenByMasks += AxesOf(entry) - 1;
                        break;
                }
            }
            return (view, tensors.Count == 0 ? null : tensors.ToArray());
        }

        static void Narrow(ref Tensor view, Tensor next)
        {
            view.Dispose();
            view = next;
        }

        // A Boolean mask takes as many axes as it has; a new axis takes none of those that are left.
        static long AxesOf(TensorIndex entry) => entry.kind switch
        {
            TensorIndex.Kind.Null => 0,
            TensorIndex.Kind.Tensor when entry.tensor!.dtype == ScalarType.Bool => entry.tensor.ndim,
            _ => 1,
        };
    }
}
