using System.Globalization;
using System.Text;

namespace Dataplane.ControlPlane.Controllers.Machinery;

/// <summary>Short names for contents: FNV-1a, its decimal digits written in an alphabet without vowels, so that no words come out.</summary>
internal static class ContentHash
{
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <param name="content">What is to be named.</param>
    /// <param name="collisions">How often the name was found taken by another content; changes the hash.</param>
    public static string Of(ReadOnlySpan<byte> content, int? collisions)
    {
        var hash = Fnv1a(2166136261, content);
        if (collisions is { } count)
        {
            hash = Fnv1a(hash, Encoding.ASCII.GetBytes(count.ToString(CultureInfo.InvariantCulture)));
        }

        return string.Concat(hash.ToString(CultureInfo.InvariantCulture).Select(digit => Alphabet[digit % Alphabet.Length]));
    }

    private static uint Fnv1a(uint hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
        {
            hash = (hash ^ b) * 16777619;
        }

        return hash;
    }
}
