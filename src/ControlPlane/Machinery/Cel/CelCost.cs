namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>
/// What an evaluation has cost, in units near those of cel-go: one for a step, a tenth of a unit for a character or byte that is
/// looked at.
/// </summary>
/// <param name="limit">More than this ends the evaluation.</param>
internal sealed class CelCost(long limit)
{
    public long Spent { get; private set; }

    /// <exception cref="CelCostException">The limit is passed.</exception>
    public void Add(long units)
    {
        Spent += units;
        if (Spent > limit)
        {
            throw new CelCostException();
        }
    }

    /// <summary>For text or bytes that are gone through.</summary>
    public void Characters(long count) => Add((count + 9) / 10);
}
