using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    internal static partial class Ops
    {
        internal static readonly Op View = new("view"), Reshape = new("reshape"), Flatten = new("flatten", "using_ints"), Unflatten = new("unflatten", "int"),
            Squeeze = new("squeeze"), SqueezeDim = new("squeeze", "dim"), Unsqueeze = new("unsqueeze"), Transpose = new("transpose", "int"),
            T = new("t"), Permute = new("permute"), Expand = new("expand"), Repeat = new("repeat"), RepeatInterleave = new("repeat_interleave", "self_int"),
            Contiguous = new("contiguous"), Clone = new("clone"), Copy = new("copy_"), Detach = new("detach"), DetachIn = new("detach_"),
            Set = new("set_", "source_Tensor"),
            Select = new("select", "int"), Slice = new("slice", "Tensor"), Narrow = new("narrow"), IndexSelect = new("index_select"), Gather = new("gather"),
            ScatterIn = new("scatter_", "src"), Scatter = new("scatter", "src"), ScatterAdd = new("scatter_add"), ScatterAddIn = new("scatter_add_"),
            IndexAddIn = new("index_add_"), IndexCopyIn = new("index_copy_"), IndexFillIn = new("index_fill_", "int_Scalar"),
            Index = new("index", "Tensor"), IndexPutIn = new("index_put_"), MaskedFill = new("masked_fill", "Scalar"), MaskedFillIn = new("masked_fill_", "Scalar"),
            MaskedSelect = new("masked_select"), Nonzero = new("nonzero"),
            Unbind = new("unbind", "int"), Split = new("split", "Tensor"), SplitSizes = new("split_with_sizes"), Chunk = new("chunk"),
            Flip = new("flip"), Tril = new("tril"), Triu = new("triu"), Diag = new("diag"),
            Cat = new("cat"), Stack = new("stack"), BroadcastTensors = new("broadcast_tensors"),
            MatMul = new("matmul"), Mm = new("mm"), Bmm = new("bmm"), Mv = new("mv"), Dot = new("dot"), Outer = new("outer"),
            AddMm = new("addmm"), BAddBmm = new("baddbmm"), Einsum = new("einsum"), Linear = new("linear"), LinalgQr = new("linalg_qr");
    }

    public partial class Tensor
    {
        public Tensor view(params long[] shape) => Ops.View.Call(this, shape);

        public Tensor reshape(params long[] shape) => Ops.Reshape.Call(this, shape);

        public Tensor flatten(long start_dim = 0, long end_dim = -1) => Ops.Flatten.Call(this, start_dim, end_dim);

        public Tensor unflatten(long dim, params long[] sizes) => Ops.Unflatten.Call(this, dim, sizes);

        public Tensor squeeze(long? dim = null) => dim is { } d ? Ops.SqueezeDim.Call(this, d) : Ops.Squeeze.Call(this);

        public Tensor unsqueeze(long dim) => Ops.Unsqueeze.Call(this, dim);

        public Tensor transpose(long dim0, long dim1) => Ops.Transpose.Call(this, dim0, dim1);

        public Tensor t() => Ops.T.Call(this);

        public Tensor T => t();

        public Tensor permute(params long[] permutation) => Ops.Permute.Call(this, permutation);

        public Tensor expand(params long[] sizes) => Ops.Expand.Call(this, sizes);

        public Tensor repeat(params long[] sizes) => Ops.Repeat.Call(this, sizes);

        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) => Ops.RepeatInterleave.Call(this, repeats, dim, output_size);

        public Tensor contiguous() => Ops.Contiguous.Call(this);

        public Tensor clone() => Ops.Clone.Call(this);

        public Tensor copy_(Tensor source, bool nonBlocking = false) => Ops.Copy.Call(this, source, nonBlocking);

        /// <summary>The same storage, outside the autograd graph.</summary>
        public Tensor detach() => Ops.Detach.Call(this);

        public Tensor detach_() => Ops.DetachIn.Call(this);

        /// <summary>From here on this tensor shares the source's storage, sizes and strides.</summary>
        public Tensor set_(Tensor source) => Ops.Set.Call(this, source);

        public Tensor select(long dim, long index) => Ops.Select.Call(this, dim, index);

        public Tensor slice(long dim, long start, long finish, long step) => Ops.Slice.Call(this, dim, start, finish, step);

        public Tensor narrow(long dim, long start, long length) => Ops.Narrow.Call(this, dim, start, length);

        public Tensor index_select(long dim, Tensor index) => Ops.IndexSelect.Call(this, dim, index);

        public Tensor gather(long dim, Tensor index) => Ops.Gather.Call(this, dim, index);

        public Tensor scatter(long dim, Tensor index, Tensor src) => Ops.Scatter.Call(this, dim, index, src);

        public Tensor scatter_(long dim, Tensor index, Tensor src) => Ops.ScatterIn.Call(this, dim, index, src);

        public Tensor scatter_add(long dim, Tensor index, Tensor src) => Ops.ScatterAdd.Call(this, dim, index, src);

        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => Ops.ScatterAddIn.Call(this, dim, index, src);

        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) => Ops.IndexAddIn.Call(this, dim, index, source, alpha);

        public Tensor index_copy_(long dim, Tensor index, Tensor source) => Ops.IndexCopyIn.Call(this, dim, index, source);

        public Tensor index_fill_(long dim, Tensor index, Scalar value) => Ops.IndexFillIn.Call(this, dim, index, value);

        public Tensor masked_fill(Tensor mask, Scalar value) => Ops.MaskedFill.Call(this, mask, value);

        public Tensor masked_fill_(Tensor mask, Scalar value) => Ops.MaskedFillIn.Call(this, mask, value);

        public Tensor masked_select(Tensor mask)
        {
            HostReads.Add();
            return Ops.MaskedSelect.Call(this, mask);
        }

        public Tensor nonzero()
        {
            HostReads.Add();
            return Ops.Nonzero.Call(this);
        }

        public Tensor[] unbind(long dimension = 0L) => Ops.Unbind.CallList(this, dimension);

        public Tensor[] split(long size, int dim = 0) => Ops.Split.CallList(this, size, dim);

        public Tensor[] split(long[] sizes, long dim = 0) => Ops.SplitSizes.CallList(this, sizes, dim);

        public Tensor[] chunk(long chunks, long dim = 0L) => Ops.Chunk.CallList(this, chunks, dim);

        public Tensor flip(params long[] dims) => Ops.Flip.Call(this, dims);

        public Tensor tril(long diagonal = 0) => Ops.Tril.Call(this, diagonal);

        public Tensor triu(long diagonal = 0) => Ops.Triu.Call(this, diagonal);

        public Tensor diag(long diagonal = 0) => Ops.Diag.Call(this, diagonal);

        public Tensor matmul(Tensor target) => Ops.MatMul.Call(this, target);

        public Tensor mm(Tensor target) => Ops.Mm.Call(this, target);

        public Tensor bmm(Tensor batch2) => Ops.Bmm.Call(this, batch2);

        public Tensor mv(Tensor target) => Ops.Mv.Call(this, target);

        public Tensor dot(Tensor target) => Ops.Dot.Call(this, target);

        public Tensor outer(Tensor vec2) => Ops.Outer.Call(this, vec2);

        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) => Ops.AddMm.Call(this, mat1, mat2, beta, alpha);

        public Tensor baddbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) => Ops.BAddBmm.Call(this, batch1, batch2, beta, alpha);
    }
}
