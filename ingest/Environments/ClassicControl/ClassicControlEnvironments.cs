namespace OfflineRL.Environments;

/// <summary>What is listed of classic control and of NeoRL-2's physical systems.</summary>
static class ClassicControlEnvironments
{
    public static IReadOnlyList<EnvironmentDefinition> All { get; } =
    [
        CartPoleDefinition.Create(),
        MountainCarDefinition.Create(),
        MountainCarDefinition.CreateContinuous(),
        AcrobotDefinition.Create(),
        PendulumDefinition.Create("Pendulum-v1", "Swing up a rod with a weak motor and keep it upright (Gymnasium's definition).", clipsFirst: true),
        PendulumDefinition.Create("Pendulum-v0", "The pendulum of older logs: its angle advances with the speed before it is clipped.", clipsFirst: false),
        DmsdDefinition.Create(),
    ];
}
