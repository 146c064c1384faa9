using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OfflineRL.Tests.Torch;

/// <summary>Values and gradients against PyTorch's own, function by function.</summary>
public sealed class GoldenTests
{
    static readonly Dictionary<string, Func<Tensor, Tensor, Tensor>> Functions = new()
    {
        ["add"] = (x, y) => x + y,
        ["sub_scalar"] = (x, _) => 1.5 - x,
        ["mul"] = (x, y) => x * y,
        ["div"] = (x, y) => x / y,
        ["rdiv"] = (x, _) => 2.0 / x,
        ["pow"] = (x, _) => x.pow(3),
        ["abs"] = (x, _) => x.abs(),
        ["exp"] = (x, _) => x.exp(),
        ["square"] = (x, _) => x.square(),
        ["tanh"] = (x, _) => Tanh().call(x),
        ["sigmoid"] = (x, _) => Sigmoid().call(x),
        ["erf"] = (x, _) => x.erf(),
        ["relu"] = (x, _) => ReLU().call(x),
        ["silu"] = (x, _) => SiLU().call(x),
        ["gelu"] = (x, _) => GELU().call(x),
        ["elu"] = (x, _) => ELU(0.7).call(x),
        ["leaky_relu"] = (x, _) => LeakyReLU(0.2).call(x),
        ["softplus"] = (x, _) => Softplus(2, 1).call(x),
        ["logsigmoid"] = (x, _) => x.log_sigmoid(),
        ["clamp"] = (x, _) => x.clamp(-0.5, 0.8),
        ["maximum"] = (x, y) => maximum(x, y),
        ["minimum"] = (x, y) => minimum(x, y),
        ["logaddexp"] = (x, y) => x.logaddexp(y),
        ["where"] = (x, y) => where(x > y, x, y * 2),
        ["lerp"] = (x, y) => x.lerp(y, tensor(0.3f)),
        ["softmax"] = (x, _) => Softmax(1).call(x),
        ["log_softmax"] = (x, _) => LogSoftmax(0).call(x),
        ["logsumexp"] = (x, _) => x.logsumexp(1),
        ["sum_dim"] = (x, _) => x.sum(1),
        ["sum_keep"] = (x, _) => x.sum(0, keepdim: true),
        ["mean_dim"] = (x, _) => x.mean([0, 1]),
        ["var"] = (x, _) => x.var(1),
        ["std"] = (x, _) => x.std(1, unbiased: false),
        ["prod"] = (x, _) => x.prod(),
        ["max_dim"] = (x, _) => x.max(1).values,
        ["amax"] = (x, _) => x.amax(0),
        ["norm"] = (x, _) => x.norm(),
        ["cumsum"] = (x, _) => x.cumsum(1),
        ["matmul"] = (x, y) => x.matmul(y.t()),
        ["outer"] = (x, y) => x[0].outer(y[1]),
        ["transpose"] = (x, _) => x.transpose(0, 1) * 2,
        ["slice"] = (x, _) => x[TensorIndex.Slice(1), TensorIndex.Slice(step: 2)],
        ["ellipsis"] = (x, _) => x[TensorIndex.Ellipsis, 1],
        ["new_axis"] = (x, _) => x[TensorIndex.Colon, TensorIndex.Null, ^1],
        ["cat"] = (x, y) => cat([x, y], 1),
        ["stack"] = (x, y) => stack([x, y], 0),
        ["flip"] = (x, _) => x.flip(1),
        ["index_rows"] = (x, _) => x[tensor(new[] { 2L, 0, 2 })],
        ["masked_fill"] = (x, y) => x.masked_fill(y > 0, -1.0),
        ["mask"] = (x, y) => x[y > 0],
        ["addcmul"] = (x, y) => x.addcmul(x, y, 0.5),
        ["broadcast"] = (x, y) => x - y[.., ..1],
        ["tril"] = (x, _) => x.tril(),
        ["gather"] = (x, _) => x.gather(1, tensor(new[] { 0L, 3, 1 }, [3, 1])),
        ["expand"] = (x, _) => x[.., ..1].expand(3, 5),
        ["remainder"] = (x, _) => x.remainder(0.7),
        ["atanh"] = (x, _) => (x * 0.4).atanh(),
        ["expm1"] = (x, _) => x.expm1(),
        ["sin"] = (x, _) => x.sin(),
        ["cos"] = (x, _) => x.cos(),
        ["permute"] = (x, _) => x.unflatten(1, 2, 2).permute(2, 0, 1),
        ["repeat"] = (x, _) => x.repeat(2, 1),
        ["repeat_interleave"] = (x, _) => x.repeat_interleave(2, 0),
        ["triu"] = (x, _) => x.triu(1),
        ["index_select"] = (x, _) => x.index_select(1, tensor(new[] { 3L, 3, 0 })),
        ["masked_select"] = (x, y) => x.masked_select(x > y),
        ["bmm"] = (x, y) => bmm(x.view(3, 2, 2), y.view(3, 2, 2)),
        ["baddbmm"] = (x, y) => baddbmm(x.view(3, 2, 2), x.view(3, 2, 2), y.view(3, 2, 2), beta: 0.5f, alpha: 2),
        ["addmm"] = (x, y) => addmm(y[.., ..3], x, y.t(), beta: 2, alpha: 0.5f),
        ["einsum"] = (x, y) => einsum("ij,kj->ik", x, y),
        ["mv"] = (x, y) => x.mv(y[0]),
        ["cumprod"] = (x, _) => x.cumprod(0),
        ["amin"] = (x, _) => x.amin(1),
        ["min_dim"] = (x, _) => x.min(0).values,
        ["clamp_min"] = (x, _) => x.clamp_min(0.1).clamp_max(1.0),
        ["scatter"] = (x, y) => x.scatter(1, tensor(new[] { 1L, 0, 2 }, [3, 1]), y[.., ..1]),
        ["addcdiv"] = (x, y) => x.addcdiv(x, y, 0.3),
        ["clamp_tensor"] = (x, y) => x.clamp(y - 0.5, y + 0.5),
        ["select"] = (x, _) => x.select(1, 2),
        ["median"] = (x, _) => x.flatten().median(),
        ["quantile"] = (x, _) => x.flatten().quantile(tensor(new[] { 0.25f, 0.9f })),
        ["diag"] = (x, _) => x[.., ..3].diag(),
        ["dot"] = (x, y) => x[0].dot(y[0]),
        ["layer_norm"] = (x, _) => functional.layer_norm(x, [4]),
        ["gelu_tanh"] = (x, _) => GELU(TorchSharp.Modules.GELU.Approximate.tanh).call(x),
    };

    static readonly Dictionary<string, Func<Tensor, Tensor, Tensor>> Losses = new()
    {
        ["mse"] = (x, t) => functional.mse_loss(x, t),
        ["mse_sum"] = (x, t) => functional.mse_loss(x, t, Reduction.Sum),
        ["l1"] = (x, t) => functional.l1_loss(x, t),
        ["smooth_l1"] = (x, t) => functional.smooth_l1_loss(x, t, beta: 0.5),
        ["huber"] = (x, t) => functional.huber_loss(x, t, 0.7),
        ["huber_none"] = (x, t) => functional.huber_loss(x, t, reduction: Reduction.None),
        ["cross_entropy"] = (x, _) => functional.cross_entropy(x, tensor(new[] { 2L, 0, 3 })),
        ["cross_entropy_smooth"] = (x, _) => functional.cross_entropy(x, tensor(new[] { 2L, 0, 3 }), label_smoothing: 0.1),
        ["nll"] = (x, _) => functional.nll_loss(functional.log_softmax(x, 1), tensor(new[] { 2L, 0, 3 })),
        ["bce"] = (x, t) => functional.binary_cross_entropy_with_logits(x, t.sigmoid()),
        ["kl"] = (x, t) => functional.kl_div(x.log_softmax(1), t.log_softmax(1), reduction: Reduction.Sum),
        ["kl_probability"] = (x, t) => functional.kl_div(x.log_softmax(1), t.softmax(1), log_target: false),
    };

    static readonly Dictionary<string, Func<Tensor, Tensor>> Positive = new()
    {
        ["log"] = x => x.log(),
        ["sqrt"] = x => x.sqrt(),
        ["rsqrt"] = x => x.rsqrt(),
        ["log1p"] = x => x.log1p(),
    };

    public static TheoryData<string> FunctionNames => new(Golden.Names("fn"));

    public static TheoryData<string> LossNames => new(Golden.Names("loss"));

    [Theory]
    [MemberData(nameof(FunctionNames))]
    public void Function_OnStoredInput_GivesPyTorchsValueAndGradient(string name)
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Case("fn." + name);
        var x = golden.In("x").requires_grad_();
        var result = Functions[name](x, golden.In("y"));
        golden.Check("out", result);
        var weight = arange(1, result.numel() + 1, dtype: ScalarType.Float32).reshape(result.shape) / result.numel();
        (result * weight).sum().backward();
        golden.Check("grad", x.grad!);
    }

    [Theory]
    [MemberData(nameof(LossNames))]
    public void Loss_OnStoredInput_GivesPyTorchsValueAndGradient(string name)
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Case("loss." + name);
        var x = golden.In("x").requires_grad_();
        var result = Losses[name](x, golden.In("t"));
        golden.Check("out", result);
        result.sum().backward();
        golden.Check("grad", x.grad!);
    }

    [Fact]
    public void PositiveFunctions_OnStoredInput_GivePyTorchsValuesAndGradients()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(Positive.Keys.Order(), Golden.Names("positive").Order());
        foreach (var (name, function) in Positive)
        {
            var golden = Golden.Case("positive." + name);
            var x = golden.In("x").requires_grad_();
            var result = function(x);
            golden.Check("out", result);
            result.sum().backward();
            golden.Check("grad", x.grad!);
        }
    }

    [Fact]
    public void Check_OfAWrongValue_Fails()
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Case("fn.add");
        Assert.ThrowsAny<Exception>(() => golden.Check("out", golden.In("x") + golden.In("y") + 1e-3));
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("conv")]
    [InlineData("layernorm")]
    public void Layer_WithStoredWeights_GivesPyTorchsValuesAndGradients(string name)
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Case("layer." + name);
        using Module<Tensor, Tensor> layer = name switch
        {
            "linear" => Linear(4, 3),
            "conv" => Conv2d(2, 3, 3, stride: 2, padding: 1),
            _ => LayerNorm(4),
        };
        layer.load_state_dict(new() { ["weight"] = golden.In("weight"), ["bias"] = golden.In("bias") });
        var x = golden.In("x").requires_grad_();
        var result = layer.call(x);
        golden.Check("out", result);
        result.square().sum().backward();
        golden.Check("grad", x.grad!, 1e-4);
        golden.Check("weight_grad", layer.get_parameter("weight")!.grad!, 1e-4);
        golden.Check("bias_grad", layer.get_parameter("bias")!.grad!, 1e-4);
    }

    [Theory]
    [InlineData("adam")]
    [InlineData("adam_decay")]
    [InlineData("adam_amsgrad")]
    [InlineData("adamw")]
    [InlineData("adamw_zero")]
    [InlineData("sgd")]
    [InlineData("sgd_momentum")]
    [InlineData("sgd_nesterov")]
    public void Optimizer_TenSteps_FollowsPyTorchsPath(string name)
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Case("optim." + name);
        var (a, b) = (golden.In("a"), golden.In("b"));
        var w = new Parameter(golden.In("w"));
        using optim.Optimizer optimizer = name switch
        {
            "adam" => optim.Adam([w], 0.05),
            "adam_decay" => optim.Adam([w], 0.05, 0.8, 0.95, 1e-5, 0.1),
            "adam_amsgrad" => optim.Adam([w], 0.05, amsgrad: true),
            "adamw" => optim.AdamW([w], 0.05, weight_decay: 0.1),
            "adamw_zero" => optim.AdamW([w], 0.05),
            "sgd" => optim.SGD([w], 0.02),
            "sgd_momentum" => optim.SGD([w], 0.02, momentum: 0.9, weight_decay: 0.1),
            _ => optim.SGD([w], 0.02, momentum: 0.9, nesterov: true),
        };
        var path = new List<Tensor>();
        for (var step = 0; step < 10; step++)
        {
            optimizer.zero_grad();
            (w * a - b).square().sum().backward();
            optimizer.step();
            path.Add(w.detach().clone());
        }
        golden.Check("path", stack(path), 1e-5);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(50.0)]
    public void ClipGradNorm_OfThreeGradients_ScalesAsPyTorch(double limit)
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Case(FormattableString.Invariant($"clip.{limit}"));
        Parameter[] parameters = [new(zeros(2, 3)), new(zeros(4))];
        for (var k = 0; k < 2; k++) parameters[k].grad = golden.In($"g{k}");
        golden.Check("norm", tensor(nn.utils.clip_grad_norm_(parameters, limit)));
        for (var k = 0; k < 2; k++) golden.Check($"g{k}", parameters[k].grad!);
    }

    [Fact]
    public void Categorical_OfStoredLogits_GivesPyTorchsNumbers()
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Case("distribution.categorical");
        using var distribution = new Categorical(logits: golden.In("logits"));
        golden.Check("probs", distribution.probs);
        golden.Check("log_prob", distribution.log_prob(tensor(new[] { 2L, 1 })));
        golden.Check("entropy", distribution.entropy());
        using var fromProbs = new Categorical(probs: golden.In("logits").softmax(1) * 3);
        golden.Check("entropy", fromProbs.entropy());
    }

    [Fact]
    public void Normal_OfStoredMoments_GivesPyTorchsNumbers()
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Case("distribution.normal");
        using var distribution = distributions.Normal(golden.In("loc"), golden.In("scale"));
        golden.Check("log_prob", distribution.log_prob(golden.In("value")), 1e-4);
        golden.Check("entropy", distribution.entropy());
    }

    [Fact]
    public void Generator_OfOneSeed_GivesPyTorchsStream()
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Case("generator");
        using var generator = new Generator(7);
        golden.Check("rand", rand(5, generator: generator), 1e-7);
        golden.Check("randn", randn(5, generator: generator), 1e-6);
        golden.Check("randint", randint(3, 20, [6], generator: generator), 0);
        golden.Check("randperm", randperm(7, generator: generator), 0);
        golden.Check("multinomial", multinomial(tensor(new[] { 0.1f, 0.2f, 0.7f }), 8, true, generator), 0);
        golden.Check("uniform", empty(4).uniform_(-2, 3, generator), 1e-6);
        golden.Check("normal", empty(4).normal_(1, 2, generator), 1e-6);
        golden.Check("bernoulli", bernoulli(full(6, 0.4), generator), 0);
    }
}
