-- Data.Version of GHC, which Cabal's own agrees with.
import Data.Char (isDigit)
import Data.Version (Version, makeVersion)

main :: IO ()
main = interact (unlines . map (order . pair) . lines)

pair :: String -> (Maybe Version, Maybe Version)
pair line = let (left, right) = break (== '\t') line in (version left, version (drop 1 right))

version :: String -> Maybe Version
version text = makeVersion . map read <$> numbers (text ++ ".")
  where
    numbers "" = Just []
    numbers rest = case span isDigit rest of
      ("", _) -> Nothing
      (digits, '.' : more) -> (digits :) <$> numbers more
      _ -> Nothing

order :: (Maybe Version, Maybe Version) -> String
order (Just left, Just right) = case compare left right of LT -> "<"; EQ -> "="; GT -> ">"
order _ = "!"
