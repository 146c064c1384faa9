using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>The limits that a learner's dreams keep to, as a tensor of its state.</summary>
sealed class LimitsState : IDisposable
{
    // On the host: horizon (0: not chosen), penalty, threshold (infinite: none).
    readonly Tensor _numbers = zeros(3, dtype: ScalarType.Float64).DetachFromDisposeScope();

    /// <summary>For checkpoints.</summary>
    public NamedTensor Named => new("limits", _numbers);

    /// <summary>Null: not measured.</summary>
    public DreamLimits? Value
    {
        get => _numbers.data<double>() is var numbers && numbers[0] == 0 ? null : new((int)numbers[0], numbers[1], double.IsInfinity(numbers[2]) ? null : numbers[2]);
        set
        {
            using var scope = NewDisposeScope();
            _numbers.copy_(tensor([value?.Horizon ?? 0, value?.Penalty ?? 0, value?.Threshold ?? double.PositiveInfinity]));
        }
    }

    public void Dispose() => _numbers.Dispose();
}
