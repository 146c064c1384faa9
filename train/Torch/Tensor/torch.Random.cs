using OfflineRL.Torch;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    internal static partial class Ops
    {
        internal static readonly Op Rand = new("rand", "generator"), Randn = new("randn", "generator"), Randint = new("randint", "low_generator"),
            RandPerm = new("randperm", "generator"), Multinomial = new("multinomial"), Bernoulli = new("bernoulli"), NormalTensors = new("normal", "Tensor_Tensor"),
            RandomIn = new("random_", "from"), UniformIn = new("uniform_"), NormalIn = new("normal_"), ExponentialIn = new("exponential_"), BernoulliIn = new("bernoulli_", "float");
    }

    // Null where the thread has no tape: the operator draws.
    static Tensor? Taped(DrawTape.Kind kind, long[] size, ScalarType type, Device? device, bool requires_grad, Generator? generator, long low = 0, long high = 0) =>
        DrawTape.Current?.Take(new(kind, size, type, InitializeDevice(device), low, high), generator, requires_grad);

    // An operator whose draws no tape keeps.
    static Op Untaped(Op op)
    {
        DrawTape.RefuseDraw(op.FullName);
        return op;
    }

    public static Tensor rand(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        Finish(Taped(DrawTape.Kind.Uniform, size, Or(dtype), device, requires_grad, generator) ?? Ops.Rand.Call(size, generator, Or(dtype), Argument.None, InitializeDevice(device)), requires_grad);

    public static Tensor rand(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        rand([size], dtype, device, requires_grad, generator);

    public static Tensor rand(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        rand([rows, columns], dtype, device, requires_grad, generator);

    public static Tensor randn(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        Finish(Taped(DrawTape.Kind.Normal, size, Or(dtype), device, requires_grad, generator) ?? Ops.Randn.Call(size, generator, Or(dtype), Argument.None, InitializeDevice(device)), requires_grad);

    public static Tensor randn(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        randn([size], dtype, device, requires_grad, generator);

    public static Tensor randn(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        randn([rows, columns], dtype, device, requires_grad, generator);

    /// <summary>Integers from low to high - 1.</summary>
    public static Tensor randint(long low, long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        Finish(Taped(DrawTape.Kind.Integers, size, dtype ?? ScalarType.Int64, device, requires_grad, generator, low, high) ?? Ops.Randint.Call(low, high, size, generator, dtype ?? ScalarType.Int64, Argument.None, InitializeDevice(device)), requires_grad);

    public static Tensor randint(long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        randint(0, high, size, dtype, device, requires_grad, generator);

    public static Tensor randperm(long n, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        Finish(Untaped(Ops.RandPerm).Call(n, generator, dtype ?? ScalarType.Int64, Argument.None, InitializeDevice(device)), requires_grad);

    public static Tensor multinomial(Tensor input, long num_samples, bool replacement = false, Generator? generator = null) =>
        input.multinomial(num_samples, replacement, generator);

    public static Tensor normal(Tensor mean, Tensor std, Generator? generator = null) => Untaped(Ops.NormalTensors).Call(mean, std, generator);

    public static Tensor bernoulli(Tensor input, Generator? generator = null) => input.bernoulli(generator);

    public partial class Tensor
    {
        public Tensor multinomial(long num_samples, bool replacement = false, Generator? generator = null) =>
            Untaped(Ops.Multinomial).Call(this, num_samples, replacement, generator);

        public Tensor bernoulli(Generator? generator = null) => Untaped(Ops.Bernoulli).Call(this, generator);

        public Tensor bernoulli_(double p = 0.5, Generator? generator = null) => Untaped(Ops.BernoulliIn).Call(this, p, generator);

        public Tensor uniform_(double from, double to, Generator? generator = null) => Untaped(Ops.UniformIn).Call(this, from, to, generator);

        public Tensor normal_(double mean = 0.0, double std = 1.0, Generator? generator = null) => Untaped(Ops.NormalIn).Call(this, mean, std, generator);

        public Tensor exponential_(double lambda = 1.0, Generator? generator = null) => Untaped(Ops.ExponentialIn).Call(this, lambda, generator);
    }
}
