using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    internal static partial class Ops
    {
        internal static readonly Op Sum = new("sum"), SumDims = new("sum", "dim_IntList"), Mean = new("mean"), MeanDims = new("mean", "dim"),
            Prod = new("prod"), Max = new("max"), MaxDim = new("max", "dim"), Min = new("min"), MinDim = new("min", "dim"),
            Amax = new("amax"), Amin = new("amin"), Argmax = new("argmax"), Argmin = new("argmin"),
            All = new("all"), AllDim = new("all", "dim"), Any = new("any"), AnyDim = new("any", "dim"),
            Var = new("var", "correction"), Std = new("std", "correction"), Norm = new("norm", "Scalar"),
            VectorNorm = new("linalg_vector_norm"),
            LogSumExp = new("logsumexp"), CumSum = new("cumsum"), CumProd = new("cumprod"), Sort = new("sort"), ArgSort = new("argsort"), TopK = new("topk"),
            Median = new("median"), Quantile = new("quantile"),
            Softmax = new("softmax", "int"), LogSoftmax = new("log_softmax", "int");
    }

    public partial class Tensor
    {
        public Tensor sum(ScalarType? type = null) => Ops.Sum.Call(this, NotAnAxis(type, nameof(sum)));

        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => Ops.SumDims.Call(this, new[] { dim }, keepdim, type);

        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => Ops.SumDims.Call(this, dim, keepdim, type);

        public Tensor mean() => Ops.Mean.Call(this);

        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) => Ops.MeanDims.Call(this, dimensions, keepdim, type);

        public Tensor prod(ScalarType? type = null) => Ops.Prod.Call(this, NotAnAxis(type, nameof(prod)));

        // With TorchSharp's overloads C# reads the literal in x.sum(0) as ScalarType.Byte and sums everything into a byte.
        static ScalarType? NotAnAxis(ScalarType? type, string operation) => type != ScalarType.Byte
            ? type
            : throw new ArgumentException($"{operation}(0) means a result of type Byte, not axis 0: write {operation}(0L) for the axis.", nameof(type));

        public Tensor max() => Ops.Max.Call(this);

        public Tensor max(Tensor other) => maximum(other);

        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) => Ops.MaxDim.Call2(this, dim, keepdim);

        public Tensor min() => Ops.Min.Call(this);

        public Tensor min(Tensor other) => minimum(other);

        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) => Ops.MinDim.Call2(this, dim, keepdim);

        public Tensor amax(params long[] dims) => Ops.Amax.Call(this, dims);

        public Tensor amax(long[] dims, bool keepdim = false) => Ops.Amax.Call(this, dims, keepdim);

        public Tensor amin(params long[] dims) => Ops.Amin.Call(this, dims);

        public Tensor argmax() => Ops.Argmax.Call(this);

        public Tensor argmax(long dim, bool keepdim = false) => Ops.Argmax.Call(this, dim, keepdim);

        public Tensor argmin(long dim, bool keepdim = false) => Ops.Argmin.Call(this, dim, keepdim);

        public Tensor all() => Ops.All.Call(this);

        public Tensor all(long dim, bool keepdim = false) => Ops.AllDim.Call(this, dim, keepdim);

        public Tensor any() => Ops.Any.Call(this);

        public Tensor any(long dim, bool keepdim = false) => Ops.AnyDim.Call(this, dim, keepdim);

        public Tensor var(bool unbiased = true) => Ops.Var.Call(this, Argument.None, unbiased ? 1 : 0);

        public Tensor var(long dim, bool unbiased = true, bool keepdim = false) => Ops.Var.Call(this, new[] { dim }, unbiased ? 1 : 0, keepdim);

        public Tensor std(bool unbiased = true) => Ops.Std.Call(this, Argument.None, unbiased ? 1 : 0);

        public Tensor std(long dim, bool unbiased = true, bool keepdim = false) => Ops.Std.Call(this, new[] { dim }, unbiased ? 1 : 0, keepdim);

        public Tensor norm(float p = 2.0f) => Ops.Norm.Call(this, p);

        public Tensor logsumexp(long dim, bool keepdim = false) => Ops.LogSumExp.Call(this, new[] { dim }, keepdim);

        public Tensor cumsum(long dim, ScalarType? type = null) => Ops.CumSum.Call(this, dim, type);

        public Tensor cumprod(long dim, ScalarType? type = null) => Ops.CumProd.Call(this, dim, type);

        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false) => Ops.Sort.Call2(this, dim, descending);

        public Tensor argsort(long dim = -1, bool descending = false) => Ops.ArgSort.Call(this, dim, descending);

        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) => Ops.TopK.Call2(this, k, dim, largest, sorted);

        public Tensor median() => Ops.Median.Call(this);

        public Tensor quantile(Tensor q, long dim = -1, bool keepdim = false) => Ops.Quantile.Call(this, q, dim, keepdim);

        public Tensor softmax(long dim, ScalarType? dtype = null) => Ops.Softmax.Call(this, dim, dtype);

        public Tensor log_softmax(long dim, ScalarType? dtype = null) => Ops.LogSoftmax.Call(this, dim, dtype);
    }
}
