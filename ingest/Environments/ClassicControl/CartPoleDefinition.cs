namespace OfflineRL.Environments;

/// <summary>What may be recorded of CartPole-v1 and what is kept back for evaluation.</summary>
static class CartPoleDefinition
{
    public static EnvironmentDefinition Create() => new()
    {
        Id = "CartPole-v1",
        Description = "Keep a pole upright on a cart by pushing left or right (Gymnasium's definition).",
        ObservationSpace = CartPole.Observations,
        ActionSpace = CartPole.Actions,
        MaxEpisodeSteps = CartPole.StepLimit,
        Parameters =
        [
            new("cart_mass", 1.0, "kg", new(0.01, 100), new(0.8, 1.25), [new(0.3, 0.6), new(2, 10)]),
            new("force", 10.0, "N", new(0.1, 1000), new(8, 12), [new(3, 6), new(16, 40)]),
            new("gravity", 9.8, "m/s^2", new(0.1, 100), new(9, 11), [new(1, 6), new(14, 30)]),
            new("length", 0.5, "m, half of the pole", new(0.01, 10), new(0.4, 0.6), [new(0.1, 0.3), new(0.75, 3)]),
            new("pole_mass", 0.1, "kg", new(0.001, 100), new(0.08, 0.125), [new(0.01, 0.05), new(0.25, 2)]),
            new("start", 0.05, "half-width of the start range", new(0, 0.2), new(0, 0.1), [new(0.12, 0.2)]),
        ],
        ReferenceRandomReturn = 22.26,
        ReferenceExpertReturn = 500,
        ReferenceSource = "measured by this project: uniform actions over 640,000 episodes (standard error 0.015), and the largest return there is, which the policy 'scripted' has",
        // Gymnasium calls a mean return of 475 a solved task.
        Success = new("the pole stands for 475 of 500 steps") { LeastSteps = 475 },
        HeldOutVariants =
        [
            new("short-pole", "CartPole-v1?length=0.25"),
            new("long-pole", "CartPole-v1?length=0.8"),
            new("double-pole", "CartPole-v1?length=1"),
            new("light-cart", "CartPole-v1?cart_mass=0.5"),
            new("heavy-cart", "CartPole-v1?cart_mass=2"),
            new("heavy-pole", "CartPole-v1?pole_mass=0.5"),
            new("low-gravity", "CartPole-v1?gravity=5"),
            new("high-gravity", "CartPole-v1?gravity=15"),
            new("weak-force", "CartPole-v1?force=5"),
            new("strong-force", "CartPole-v1?force=20"),
            new("wide-start", "CartPole-v1?start=0.15"),
            .. SensorVariants.Of("CartPole-v1", "0.05", 2),
        ],
        Policies =
        [
            new("scripted", "A linear controller that keeps the pole up to the limit.", static _ => new CartPoleController("scripted", [0.05, 0.1, 1, 0.25])),
            new("scripted-drifting", "Keeps the pole up but lets the cart drift away.", static _ => new CartPoleController("scripted-drifting", [0, 0, 1, 1])),
            new("scripted-weak", "Pushes towards the side the pole leans to.", static _ => new CartPoleController("scripted-weak", [0, 0, 1, 0])),
        ],
        Painter = static identity => new CartPolePainter(identity),
        Create = static (identity, count) => new CartPole(identity, count),
    };
}
