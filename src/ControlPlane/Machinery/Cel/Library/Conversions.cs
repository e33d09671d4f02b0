using System.Globalization;
using System.Text;

namespace Dataplane.ControlPlane.Machinery.Cel.Library;

/// <summary>int(x), string(x) and their like.</summary>
internal static class Conversions
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static IEnumerable<CelOverload> All { get; } =
    [
        .. Of("int", CelType.Int, "int", "uint", "double", "string", "timestamp"),
        .. Of("uint", CelType.Uint, "uint", "int", "double", "string"),
        .. Of("double", CelType.Double, "double", "int", "uint", "string"),
        .. Of("bool", CelType.Bool, "bool", "string"),
        .. Of("string", CelType.Text, "string", "bool", "int", "uint", "double", "bytes", "timestamp", "duration"),
        .. Of("bytes", CelType.Bytes, "bytes", "string"),
        .. Of("timestamp", CelType.Timestamp, "timestamp", "string", "int"),
        .. Of("duration", CelType.Duration, "duration", "string", "int"),
        new("dyn", "(A) -> dyn", (values, _) => values[0]),
        new("type", "(A) -> type", (values, _) => new CelTypeName(CelValue.TypeName(values[0]))),
    ];

    private static IEnumerable<CelOverload> Of(string name, CelType type, params string[] from) =>
        from.Select(source => new CelOverload(name, $"({source}) -> {name}", (values, cost) =>
        {
            cost.Characters(values[0] is string text ? text.Length : 0);
            return Convert(values[0], type.Kind);
        }));

    private static object Convert(object? value, CelKind to) => (to, value) switch
    {
        (CelKind.Int, long) or (CelKind.Uint, ulong) or (CelKind.Double, double) or (CelKind.Bool, bool) or (CelKind.Text, string)
            or (CelKind.Bytes, byte[]) or (CelKind.Timestamp, DateTimeOffset) or (CelKind.Duration, TimeSpan) => value,
        (CelKind.Int, ulong number) => number <= long.MaxValue ? (long)number : throw new CelException("integer overflow"),
        (CelKind.Int, double number) => Math.Abs(number) < 9223372036854775807.0 ? (long)number : throw new CelException("integer overflow"),
        (CelKind.Int, DateTimeOffset time) => time.ToUnixTimeSeconds(),
        (CelKind.Int, string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw Wrong(text, "int"),
        (CelKind.Uint, long number) => number >= 0 ? (ulong)number : throw new CelException("unsigned integer overflow"),
        (CelKind.Uint, double number) => number is >= 0 and < 18446744073709551615.0 ? (ulong)number : throw new CelException("unsigned integer overflow"),
        (CelKind.Uint, string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Wrong(text, "uint"),
        (CelKind.Double, long number) => (double)number,
        (CelKind.Double, ulong number) => (double)number,
        (CelKind.Double, string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : throw Wrong(text, "double"),
        (CelKind.Bool, string text) => Bool(text),
        (CelKind.Text, bool flag) => flag ? "true" : "false",
        (CelKind.Text, double number) => CelValue.Show(number),
        (CelKind.Text, byte[] bytes) => Text(bytes),
        (CelKind.Text, DateTimeOffset time) => Times.Show(time),
        (CelKind.Text, TimeSpan duration) => Times.Show(duration),
        (CelKind.Text, IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture),
        (CelKind.Bytes, string text) => Encoding.UTF8.GetBytes(text),
        (CelKind.Timestamp, string text) => Times.Timestamp(text),
        (CelKind.Timestamp, long seconds) => Times.Timestamp(seconds),
        (CelKind.Duration, string text) => Times.Duration(text),
        (CelKind.Duration, long nanoseconds) => TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick),
        _ => throw CelException.NoSuchOverload(),
    };

    private static bool Bool(string text) => text switch
    {
        "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
        "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
        _ => throw Wrong(text, "bool"),
    };

    private static string Text(byte[] bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new CelException("invalid UTF-8 in bytes, cannot convert to string");
        }
    }

    private static CelException Wrong(string text, string type) => new($"type conversion error from 'string' to '{type}': \"{text}\"");
}
