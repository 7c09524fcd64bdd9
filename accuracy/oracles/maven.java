// Maven's ComparableVersion (maven-artifact).
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.maven.artifact.versioning.ComparableVersion;

class Order {
    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line; (line = lines.readLine()) != null; ) {
            String[] pair = line.split("\t", -1);
            int order = new ComparableVersion(pair[0]).compareTo(new ComparableVersion(pair[1]));
            out.println("<=>".charAt(Integer.signum(order) + 1));
        }
        out.flush();
    }
}
