using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Ipvs.Rendering;

/// <summary>
/// Marks of the services for pods and the node, 1 to 16,383 without the masquerade bit: connections belong to a service by mark, so that one that a
/// front end had in an earlier run it has again.
/// </summary>
internal sealed class FrontEndMarks(uint masqueradeMark)
{
    private const uint Most = 0x3FFF;

    private readonly Dictionary<FrontEnd, uint> _marks = [];
    private readonly HashSet<uint> _used = [];
    private uint _next = 1;

    /// <summary>A front end's mark; 0 when all are given away.</summary>
    internal uint Of(FrontEnd frontEnd)
    {
        if (_marks.TryGetValue(frontEnd, out var mark))
        {
            return mark;
        }

        for (var tried = 0; tried < Most; tried++)
        {
            var candidate = _next;
            _next = (_next % Most) + 1;
            if ((candidate & masqueradeMark) == 0 && _used.Add(candidate))
            {
                _marks.Add(frontEnd, candidate);
                return candidate;
            }
        }

        return 0;
    }

    /// <summary>Keeps a mark that an earlier run gave.</summary>
    internal void Adopt(FrontEnd frontEnd, uint mark)
    {
        if (mark is > 0 and <= Most && (mark & masqueradeMark) == 0 && !_marks.ContainsKey(frontEnd) && _used.Add(mark))
        {
            _marks.Add(frontEnd, mark);
        }
    }

    internal void Release(FrontEnd frontEnd)
    {
        if (_marks.Remove(frontEnd, out var mark))
        {
            _used.Remove(mark);
        }
    }
}
