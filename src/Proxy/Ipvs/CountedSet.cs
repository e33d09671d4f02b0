namespace Dataplane.Proxy.Ipvs;

/// <summary>Items that several Services may want: what comes with the first of them, and goes with the last.</summary>
internal sealed class CountedSet<T>
    where T : notnull
{
    private readonly Dictionary<T, int> _counts = [];
    private readonly HashSet<T> _touched = [];

    internal IReadOnlyCollection<T> Items => _counts.Keys;

    internal bool Contains(T item) => _counts.ContainsKey(item);

    internal void Add(IEnumerable<T> items, int sign)
    {
        foreach (var item in items)
        {
            var count = _counts.GetValueOrDefault(item) + sign;
            if (count == 0)
            {
                _counts.Remove(item);
            }
            else
            {
                _counts[item] = count;
            }

            _touched.Add(item);
        }
    }

    /// <summary>What was added or removed since the last call, as far as it may differ: an item that was there all the time comes along.</summary>
    internal (List<T> There, List<T> Gone) TakeTouched()
    {
        var (there, gone) = (_touched.Where(Contains).ToList(), _touched.Where(item => !Contains(item)).ToList());
        _touched.Clear();
        return (there, gone);
    }
}
