using OfflineRL.Torch;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Torch;

public sealed class RandomTests
{
    static float[] Draw(Generator generator, long count = 64) => randn(count, generator: generator).data<float>().ToArray();

    [Fact]
    public void Generator_OfTheSameSeed_RepeatsAndOfAnotherDoesNot()
    {
        using var scope = NewDisposeScope();
        var first = Draw(new Generator(5));
        Assert.Equal(first, Draw(new Generator(5)));
        Assert.NotEqual(first, Draw(new Generator(6)));
        Assert.Equal(first, Draw(new Generator().manual_seed(5)));
        Assert.Equal(5, new Generator(5).initial_seed());
    }

    [Fact]
    public void Generator_StateRestored_ContinuesFromThere()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Draw(generator, 3);
        var state = generator.get_state().bytes.ToArray();
        var expected = Draw(generator);
        using var other = new Generator(99);
        other.set_state(tensor(state));
        Assert.Equal(expected, Draw(other));
        Assert.NotEqual(expected, Draw(generator));
    }

    [Fact]
    public void DefaultGenerator_WhenExplicitOnesDraw_StaysWhereItIs()
    {
        using var scope = NewDisposeScope();
        var before = Generator.Default.get_state().bytes.ToArray();
        using var generator = new Generator(1);
        Draw(generator);
        new Normal(zeros(3), ones(3), generator).sample();
        new Categorical(logits: zeros(2, 3), generator: generator).sample();
        using var weight = empty(4, 3);
        Initializers.LinearDefault(weight, null, generator);
        Initializers.Orthogonal(weight, generator);
        Assert.Equal(before, Generator.Default.get_state().bytes.ToArray());
    }

    [Fact]
    public void Categorical_Samples_FollowTheProbabilities()
    {
        using var scope = NewDisposeScope();
        using var distribution = new Categorical(probs: tensor(new[] { 0.2f, 0.5f, 0.3f }, [1, 3]), generator: new Generator(3));
        var counts = nn.functional.one_hot(distribution.sample(20_000).squeeze(1), 3).sum(0L).data<long>().ToArray();
        Assert.InRange(counts[0], 3750, 4250);
        Assert.InRange(counts[1], 9700, 10300);
        Assert.Equal(20_000, counts.Sum());
    }

    [Fact]
    public void Normal_Samples_HaveTheMomentsAndGradients()
    {
        using var scope = NewDisposeScope();
        var loc = full([1], 2.0, float32).requires_grad_();
        using var distribution = new Normal(loc, full([1], 0.5, float32), new Generator(4));
        var sample = distribution.rsample(10_000);
        Assert.Equal(2.0, sample.mean().item<float>(), 0.02);
        Assert.Equal(0.5, sample.std().item<float>(), 0.02);
        sample.sum().backward();
        Assert.Equal(10_000f, loc.grad!.item<float>());
        Assert.False(distribution.sample(3).requires_grad);
    }

    [Fact]
    public void Initializers_FillWithTheStatedSpread()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var weight = empty(200, 50);
        var bias = empty(200);
        void Within(double bound)
        {
            var largest = weight.abs().max().item<float>();
            Assert.InRange(largest, 0.98 * bound, bound);
            Assert.Equal(bound / Math.Sqrt(3), weight.std().item<float>(), 0.02 * bound);
        }
        Initializers.LinearDefault(weight, bias, generator);
        Within(1 / Math.Sqrt(50));
        Assert.InRange(bias.abs().max().item<float>(), 0.9 / Math.Sqrt(50), 1 / Math.Sqrt(50));
        Initializers.KaimingUniform(weight, generator);
        Within(Math.Sqrt(6.0 / 50));
        Initializers.XavierUniform(weight, generator, 2);
        Within(2 * Math.Sqrt(6.0 / 250));
        nn.init.kaiming_uniform_(weight, nonlinearity: nn.init.NonlinearityType.ReLU);
        Within(Math.Sqrt(6.0 / 50));
        nn.init.xavier_uniform_(weight);
        Within(Math.Sqrt(6.0 / 250));
    }

    [Theory]
    [InlineData(6, 4)]
    [InlineData(4, 6)]
    public void Orthogonal_OfEitherShape_HasOrthonormalShortSide(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        var weight = empty(rows, columns);
        Initializers.Orthogonal(weight, new Generator(8), gain: 2);
        var gram = rows < columns ? weight.matmul(weight.t()) : weight.t().matmul(weight);
        Assert.True(gram.allclose(eye(4) * 4, atol: 1e-5));
        nn.init.orthogonal_(weight);
        gram = rows < columns ? weight.matmul(weight.t()) : weight.t().matmul(weight);
        Assert.True(gram.allclose(eye(4), atol: 1e-5));
    }
}
