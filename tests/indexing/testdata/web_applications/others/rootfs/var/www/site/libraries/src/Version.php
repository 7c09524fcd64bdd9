<?php
class Version { const MAJOR_VERSION = 5; }
