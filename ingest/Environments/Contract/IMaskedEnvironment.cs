namespace OfflineRL.Environments;

/// <summary>An environment that says which of its discrete actions make sense; ask for it by type.</summary>
public interface IMaskedEnvironment : IVectorEnvironment
{
    /// <summary>The masks of the states that the instances are in, after a reset or a step.</summary>
    /// <param name="masks">[B, A], written: true where the action is allowed; at least one in each row.</param>
    void ActionMasks(Span<bool> masks);
}
