using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

/// <summary>Operators against literals and against each other: in place, Boolean, integer, free functions.</summary>
public sealed class OperatorTests
{
    static readonly Dictionary<string, (Func<Tensor, Tensor> InPlace, Func<Tensor, Tensor> Fresh)> Pairs = new()
    {
        ["add"] = (x => x.add_(2), x => x + 2),
        ["add_scaled"] = (x => x.add_(x.clone(), alpha: 3), x => x * 4),
        ["sub"] = (x => x.sub_(ones(4)), x => x - 1),
        ["sub_scalar"] = (x => x.sub_(3), x => x - 3),
        ["mul"] = (x => x.mul_(x.clone()), x => x.square()),
        ["div"] = (x => x.div_(4), x => x / 4),
        ["div_floor"] = (x => x.div_(ones(4) * 2, RoundingMode.floor), x => (x / 2).floor()),
        ["pow"] = (x => x.pow_(2), x => x.pow(2)),
        ["sqrt"] = (x => x.sqrt_(), x => x.sqrt()),
        ["clamp"] = (x => x.clamp_(0, 2), x => x.clamp(0, 2)),
        ["relu"] = (x => nn.functional.relu(x, inplace: true), x => nn.functional.relu(x)),
        ["tanh"] = (x => nn.functional.tanh(x, inplace: true), x => nn.functional.tanh(x)),
        ["sigmoid"] = (x => x.sigmoid_(), x => nn.functional.sigmoid(x)),
        ["silu"] = (x => nn.functional.silu(x, inplace: true), x => nn.functional.silu(x)),
        ["elu"] = (x => nn.functional.elu(x, 0.5, inplace: true), x => nn.functional.elu(x, 0.5)),
        ["leaky_relu"] = (x => nn.functional.leaky_relu(x, 0.3, inplace: true), x => nn.functional.leaky_relu(x, 0.3)),
        ["lerp"] = (x => x.lerp_(ones(4), tensor(0.25f)), x => x * 0.75 + 0.25),
        ["addcmul"] = (x => x.addcmul_(x.clone(), ones(4), 2), x => x * 3),
        ["addcdiv"] = (x => x.addcdiv_(ones(4), full(4, 2.0), 3), x => x + 1.5),
        ["masked_fill"] = (x => x.masked_fill_(x < 0, 9), x => x.masked_fill(x < 0, 9)),
        ["index_add"] = (x => x.index_add_(0, tensor(new[] { 1L, 1 }), ones(2), 2), x => x + tensor(new[] { 0f, 4, 0, 0 })),
        ["index_copy"] = (x => x.index_copy_(0, tensor(new[] { 2L }), zeros(1)), x => x * tensor(new[] { 1f, 1, 0, 1 })),
        ["index_fill"] = (x => x.index_fill_(0, tensor(new[] { 0L, 2 }), 0), x => x * tensor(new[] { 0f, 1, 0, 1 })),
        ["scatter_add"] = (x => x.scatter_add_(0, tensor(new[] { 3L, 3 }), ones(2)), x => x + tensor(new[] { 0f, 0, 0, 2 })),
        ["index_put"] = (x => x.index_put_(zeros(2), TensorIndex.Slice(1, 3)), x => x * tensor(new[] { 1f, 0, 0, 1 })),
        ["constant"] = (x => nn.init.constant_(x, 2), x => full_like(x, 2)),
        ["ones"] = (x => nn.init.ones_(x), x => ones_like(x)),
        ["zeros"] = (x => nn.init.zeros_(x), x => zeros_like(x)),
        ["detach"] = (x => x.detach_(), x => x.detach()),
        ["dropout"] = (x => nn.functional.dropout(x, 0.5, training: false, inplace: true), x => nn.functional.dropout(x, 0.5, training: false)),
    };

    public static TheoryData<string> PairNames => new(Pairs.Keys);

    [Theory]
    [MemberData(nameof(PairNames))]
    public void InPlace_OfAnOperator_ChangesItsTensorToWhatTheFreshOneGives(string name)
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 3f, 0.5f, 4f, name == "sqrt" ? 1f : -2f });
        var expected = Pairs[name].Fresh(x.clone());
        var returned = Pairs[name].InPlace(x);
        Assert.True(x.allclose(expected), $"{string.Join(", ", x.data<float>().ToArray())}");
        Assert.True(returned.allclose(x));
    }

    [Fact]
    public void Comparisons_OfTensorsAndScalars_AgreeWithCSharp()
    {
        using var scope = NewDisposeScope();
        float[] a = [1, 2, 3], b = [2, 2, 1];
        var (x, y) = (tensor(a), tensor(b));
        void Same(Func<float, float, bool> expected, Tensor tensors, Tensor scalars)
        {
            Assert.Equal(a.Zip(b, expected), tensors.data<bool>().ToArray());
            Assert.Equal(a.Select(v => expected(v, 2)), scalars.data<bool>().ToArray());
        }
        Same((v, w) => v < w, x < y, x < 2);
        Same((v, w) => v <= w, x <= y, x <= 2);
        Same((v, w) => v > w, x > y, x > 2);
        Same((v, w) => v >= w, x >= y, x >= 2);
        Same((v, w) => v == w, x == y, x == 2);
        Same((v, w) => v != w, x != y, x != 2);
    }

    [Fact]
    public void Booleans_Combined_FollowTheTruthTable()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (tensor(new[] { true, true, false, false }), tensor(new[] { true, false, true, false }));
        Assert.Equal([true, false, false, false], (x & y).data<bool>().ToArray());
        Assert.Equal([true, true, true, false], (x | y).data<bool>().ToArray());
        Assert.Equal([false, true, true, false], (x ^ y).data<bool>().ToArray());
        Assert.Equal([false, false, true, true], (~x).data<bool>().ToArray());
        Assert.True(x.logical_and(y).Equals(x & y));
        Assert.True(x.logical_or(y).Equals(x | y));
        Assert.True(x.logical_not().Equals(~x));
        Assert.Equal((true, false), (x.any().ToBoolean(), x.all().ToBoolean()));
        Assert.Equal([true, false], x.view(2, 2).all(1).data<bool>().ToArray());
        Assert.Equal([true, true], x.view(2, 2).any(0).data<bool>().ToArray());
    }

    [Fact]
    public void NonFinite_Values_AreFound()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { float.NaN, float.PositiveInfinity, 1f });
        Assert.Equal([true, false, false], x.isnan().data<bool>().ToArray());
        Assert.Equal([false, false, true], isfinite(x).data<bool>().ToArray());
        Assert.Equal([true, false, true], x.isclose(tensor(new[] { float.NaN, 0f, 1f }), nanEqual: true).data<bool>().ToArray());
        Assert.Equal([7f, 9, 1], x.nan_to_num(7, posinf: 9).data<float>().ToArray());
        Assert.False(x.allclose(x));
        Assert.True(x.allclose(x, equal_nan: true));
    }

    [Fact]
    public void Rounding_AndSigns_GiveIntegers()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { -1.5f, 0.4f, 2.6f });
        Assert.Equal([-2f, 0, 2], x.floor().data<float>().ToArray());
        Assert.Equal([-1f, 1, 3], x.ceil().data<float>().ToArray());
        Assert.Equal([-2f, 0, 3], x.round().data<float>().ToArray());
        Assert.Equal([-1f, 1, 1], x.sign().data<float>().ToArray());
        Assert.Equal([-1L, 0, 2], x.to_type(int64).data<long>().ToArray());
        Assert.Equal([-1, 0, 2], x.@int().data<int>().ToArray());
    }

    [Fact]
    public void Order_OfElements_IsFound()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 3f, 1, 2 });
        Assert.Equal([1L, 2, 0], x.argsort().data<long>().ToArray());
        Assert.Equal(1L, x.argmin(0).item<long>());
        Assert.Equal([0L, 2], (x > 1).nonzero().squeeze(1).data<long>().ToArray());
        Assert.Equal((3f, 1f), (x.max().item<float>(), x.min().item<float>()));
        Assert.Equal(3, x.ndim + 2);
    }

    [Fact]
    public void FreeFunctions_OfTorch_AreTheMethods()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 0.5f, 1.5f, 2f, 1f }, [2, 2]);
        (Tensor, Tensor)[] pairs =
        [
            (abs(x), x.abs()), (exp(x), x.exp()), (log(x), x.log()), (log1p(x), x.log1p()), (sqrt(x), x.sqrt()), (square(x), x.square()),
            (tanh(x), x.tanh()), (sigmoid(x), x.sigmoid()), (sign(x - 1), (x - 1).sign()), (pow(x, 2), x.pow(2)), (min(x, x.t()), x.minimum(x.t())),
            (max(x, x.t()), x.maximum(x.t())), (max(x), x.max()), (max(x, 1).values, x.max(1).values), (clamp(x, 1, 1.6), x.clamp(1, 1.6)), (sum(x), x.sum()),
            (mean(x), x.mean()), (mean(x, [1]), x.mean([1])), (softmax(x, 1), x.softmax(1)), (logsumexp(x, 1), x.logsumexp(1)),
            (cumsum(x, 0), x.cumsum(0)), (matmul(x, x), x.matmul(x)), (mm(x, x), x.mm(x)), (broadcast_tensors(x[0], x)[0], x[0].expand(2, 2)),
        ];
        Assert.All(pairs, pair => Assert.True(pair.Item1.allclose(pair.Item2)));
        Assert.True(allclose(x, x));
        Assert.False(allclose(x, x + 1));
    }

    [Fact]
    public void Factories_OfEachKind_GiveShapeTypeAndValues()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([0f, 0.5f, 1f], linspace(0, 1, 3).data<float>().ToArray());
        Assert.Equal([2L, 4, 6], arange(2, 8, 2).data<long>().ToArray());
        Assert.Equal([1f, 0, 0, 1], eye(2).flatten().data<float>().ToArray());
        Assert.Equal([2L, 3, 4], zeros(2, 3, 4).shape);
        Assert.Equal([2L, 3], empty_like(ones(2, 3)).shape);
        Assert.Equal(float64, empty_like(ones(2, 3), float64).dtype);
        Assert.True(full(2, true).dtype == @bool);
        Assert.Equal(uint8, tensor(new byte[] { 1, 2 }).dtype);
        Assert.Equal(int32, tensor(new[] { 1, 2 }).dtype);
        Assert.True(zeros(1, requires_grad: true).requires_grad);
        Assert.ThrowsAny<Exception>(() => tensor(new[] { 1f, 2 }, [3]));
    }

    [Fact]
    public void Conversions_ToNumbers_ReadTheOneElement()
    {
        using var scope = NewDisposeScope();
        var x = tensor(2.5);
        Assert.Equal((2.5, 2.5f, 2L, 2), (x.ToDouble(), x.ToSingle(), x.@long().ToInt64(), x.@int().ToInt32()));
        Assert.Equal((2.5, 2.5f, 2L, true), ((double)x, (float)x, (long)x.@long(), (bool)(x > 2)));
        Assert.Equal(2.5, x.ToScalar().ToDouble());
        Assert.Equal(3L, 3.ToScalar().ToInt64());
    }

    [Fact]
    public void InPlaceDraws_FromAGenerator_HaveTheirMeans()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(11);
        Assert.Equal(0.3, empty(20_000).bernoulli_(0.3, generator).mean().item<float>(), 0.02);
        Assert.Equal(0.5, empty(20_000).exponential_(2, generator).mean().item<float>(), 0.02);
        Assert.Equal(1.0, normal(ones(20_000), ones(20_000), generator).mean().item<float>(), 0.03);
    }
}
