namespace Dataplane.ControlPlane.Store;

/// <summary>
/// Objects of a kind look alike, those of one template most of all: they are kept as their differences to one of them. For one
/// caller at a time.
/// </summary>
/// <remarks>
/// Which other object is like this one its name tells: what a controller makes of one template is called STEM-SUFFIX. A kind whose
/// objects turn out to have little in common is tried more and more rarely.
/// </remarks>
internal sealed class CommonForms
{
    /// <summary>Shorter objects are not worth it.</summary>
    private const int Shortest = 1024;

    /// <summary>Stems of a kind that are remembered. Forms that objects need stay with these, remembered or not.</summary>
    private const int MostStems = 256;

    private const int LongestPause = 1024;

    private readonly Dictionary<string, Kind> _kinds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Kind>.AlternateLookup<ReadOnlySpan<char>> _byPrefix;

    public CommonForms() => _byPrefix = _kinds.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Keeps a version as its differences from now on, where there are few.</summary>
    public void Take(StoredObject obj)
    {
        if (obj.JsonLength < Shortest || !obj.IsWhole)
        {
            return;
        }

        // "/registry/KIND/..."
        var key = obj.Key.AsSpan();
        var end = key[1..].IndexOf('/') + 2;
        var prefix = key[..(end + Math.Max(0, key[end..].IndexOf('/')))];
        if (!_byPrefix.TryGetValue(prefix, out var kind))
        {
            _byPrefix[prefix] = kind = new Kind();
        }

        kind.Take(obj);
    }

    private static ReadOnlySpan<char> Stem(string key) => key.AsSpan(0, Math.Max(0, Math.Max(key.LastIndexOf('-'), key.LastIndexOf('/'))));

    private sealed class Kind
    {
        private readonly Dictionary<string, byte[]> _forms = new(StringComparer.Ordinal);
        private readonly Dictionary<string, byte[]>.AlternateLookup<ReadOnlySpan<char>> _byStem;
        private byte[]? _last;
        private int _pause;
        private int _passed;

        public Kind() => _byStem = _forms.GetAlternateLookup<ReadOnlySpan<char>>();

        public void Take(StoredObject obj)
        {
            if (_passed < _pause)
            {
                _passed++;
                return;
            }

            var stem = Stem(obj.Key);
            _byStem.TryGetValue(stem, out var form);
            if ((form is not null && obj.TellBy(form)) || (_last is not null && _last != form && obj.TellBy(_last)))
            {
                _last = form ?? _last;
                (_pause, _passed) = (0, 0);
                return;
            }

            if (_last is not null)
            {
                (_pause, _passed) = (Math.Min(LongestPause, (2 * _pause) + 1), 0);
            }

            if (_forms.Count >= MostStems)
            {
                _forms.Clear();
            }

            _byStem[stem] = _last = obj.BecomeForm();
        }
    }
}
