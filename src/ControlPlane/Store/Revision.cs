using System.Globalization;

namespace Dataplane.ControlPlane.Store;

/// <summary>A point in the store's history: the number of the write that led to it. What the API calls resourceVersion.</summary>
internal readonly record struct Revision(long Value) : IComparable<Revision>
{
    /// <summary>Before the first write; as an expectation: the key must not exist.</summary>
    public static readonly Revision None = new(0);

    public Revision Next => new(Value + 1);

    public static bool operator <(Revision left, Revision right) => left.Value < right.Value;

    public static bool operator >(Revision left, Revision right) => left.Value > right.Value;

    public static bool operator <=(Revision left, Revision right) => left.Value <= right.Value;

    public static bool operator >=(Revision left, Revision right) => left.Value >= right.Value;

    public int CompareTo(Revision other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
